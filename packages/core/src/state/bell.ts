/** Wakes whoever waits. A ring between looking and waiting is not lost: the count tells. */
export interface Bell {
  readonly count: number
  ring(): void
  /** Resolves once the bell has rung since `heard`, the time is over, or the signal is aborted; never rejects. */
  wait(heard: number, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void>
}

export function createBell(): Bell {
  const waiting = new Set<() => void>()
  let count = 0
  return {
    get count() {
      return count
    },
    ring() {
      count += 1
      for (const wake of [...waiting]) wake()
    },
    wait(heard, { timeoutMs, signal }) {
      if (count !== heard || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake)
          clearTimeout(timer)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, timeoutMs)
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    },
  }
}
