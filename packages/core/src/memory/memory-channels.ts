import type { OpenTabChannel } from '../provider/environment.ts'

/** Channels within one page, where one object stands for the origin. A message arrives in a later turn, as a copy. */
export function memoryChannels(): OpenTabChannel {
  const listeners = new Map<string, Set<(message: unknown) => void>>()
  return (name, onMessage) => {
    const others = listeners.get(name) ?? new Set()
    const own = (message: unknown): void => onMessage(message)
    listeners.set(name, others.add(own))
    let isOpen = true
    return {
      post: (message) => {
        if (!isOpen) return
        for (const other of [...others]) {
          if (other === own) continue
          const copy: unknown = structuredClone(message)
          queueMicrotask(() => {
            if (others.has(other)) other(copy)
          })
        }
      },
      close: () => {
        isOpen = false
        others.delete(own)
      },
    }
  }
}
