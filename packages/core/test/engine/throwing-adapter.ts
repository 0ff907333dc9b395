const uncounted: ReadonlySet<string> = new Set(['blobs.connect'])

/** Calls of adapters, one of which fails in a way that no adapter should: by an error of no known kind. */
export class ThrowingCalls {
  readonly names: string[] = []
  readonly #failAt: number
  readonly #when: 'before' | 'after'

  /** `failAt` counts from 1; `after`: the call has had its effect. */
  constructor(failAt: number, when: 'before' | 'after') {
    this.#failAt = failAt
    this.#when = when
  }

  get failed(): string | undefined {
    return this.names[this.#failAt - 1]
  }

  /** The same object, with every method counted but those that begin and end it, which are no work. */
  of<Adapter extends object>(name: string, adapter: Adapter): Adapter {
    return new Proxy(adapter, {
      get: (target, key, receiver) => {
        const member: unknown = Reflect.get(target, key, receiver)
        if (typeof member !== 'function' || typeof key === 'symbol' || uncounted.has(`${name}.${key}`) || key === 'close') return member
        return (...args: readonly unknown[]) => this.#call(`${name}.${key}`, () => Reflect.apply(member, target, args))
      },
    })
  }

  #call(name: string, call: () => unknown): unknown {
    const at = this.names.push(name)
    if (at !== this.#failAt) return call()
    if (this.#when === 'before') return failing()
    const answer = call()
    return answer instanceof Promise ? answer.then(failing) : failing()
  }
}

/** Fails as a promise and as an iterable alike. */
function failing(): Promise<never> & AsyncIterable<never> {
  const failed = Promise.reject<never>(new TypeError('a bug in an adapter'))
  failed.catch(() => undefined)
  return Object.assign(failed, { [Symbol.asyncIterator]: () => ({ next: () => failed }) })
}
