/** What must not be garbage collected now. */
const held = new Set<object>()

/**
 * Asks something of a handle or a stream, and keeps it in reach until it has answered: Chromium forgets a request whose object
 * is collected meanwhile, and the promise would stay open for ever.
 */
export async function hold<Asked extends object, T>(asked: Asked, ask: (asked: Asked) => Promise<T>): Promise<T> {
  const token = { asked }
  held.add(token)
  try {
    return await ask(asked)
  } finally {
    held.delete(token)
  }
}
