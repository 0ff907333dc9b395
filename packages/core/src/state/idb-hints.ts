/** `changed`: look again. `erased`: the namespace is being removed. */
type Hint = 'changed' | 'erased'

/** Tells the other tabs at once. They never depend on it: a lost hint only delays them until they look by themselves. */
export interface Hints {
  send(hint: Hint): void
  close(): void
}

export function createHints(name: string, onHint: (hint: Hint) => void): Hints {
  if (typeof BroadcastChannel === 'undefined') return { send: () => undefined, close: () => undefined }
  const channel = new BroadcastChannel(name)
  let open = true
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (open && (data === 'changed' || data === 'erased')) onHint(data)
  })
  return {
    send(hint) {
      if (open) channel.postMessage(hint)
    },
    close() {
      open = false
      channel.close()
    },
  }
}
