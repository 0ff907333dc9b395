import type { ReactElement } from 'react'
import { flushSync } from 'react-dom'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { SyncProvider, useSyncEngine, useSyncStatus } from '@bse/react'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'

interface Status {
  readonly online: boolean
  readonly pending: number
}

const UNKNOWN: Status = { online: true, pending: 0 }

class Engine {
  readonly listeners: Set<() => void> = new Set()
  #value: Status
  readonly status = {
    getSnapshot: (): Status => this.#value,
    getServerSnapshot: (): Status => UNKNOWN,
    subscribe: (listener: () => void): (() => void) => {
      this.listeners.add(listener)
      return () => this.listeners.delete(listener)
    },
  }

  constructor(pending: number) {
    this.#value = { online: true, pending }
  }

  show(value: Status): void {
    this.#value = value
    for (const listener of this.listeners) listener()
  }
}

let container: HTMLElement
let root: Root

beforeEach(() => {
  container = document.createElement('main')
  root = createRoot(container)
})
afterEach(() => root.unmount())

function show(element: ReactElement): string | null {
  flushSync(() => root.render(element))
  return container.textContent
}

function Line({ engine }: { readonly engine?: Engine }): string {
  const status = useSyncStatus<Engine>(engine)
  expectTypeOf(status).toEqualTypeOf<Status>()
  return `${status.online ? 'online' : 'offline'}, ${status.pending} pending`
}

describe('useSyncStatus', () => {
  it('follows the engine of the provider until unmounted', () => {
    const engine = new Engine(0)
    expect(show(<SyncProvider engine={engine}><Line /></SyncProvider>)).toBe('online, 0 pending')
    flushSync(() => engine.show({ online: false, pending: 2 }))
    expect(container.textContent).toBe('offline, 2 pending')
    flushSync(() => root.render(<p />))
    expect(engine.listeners.size).toBe(0)
  })

  it('follows the engine that is given, without a provider', () => {
    expect(show(<Line engine={new Engine(3)} />)).toBe('online, 3 pending')
  })

  it('moves to another engine', () => {
    const engines = [new Engine(1), new Engine(2)] as const
    show(<SyncProvider engine={engines[0]}><Line /></SyncProvider>)
    expect(show(<SyncProvider engine={engines[1]}><Line /></SyncProvider>)).toBe('online, 2 pending')
    flushSync(() => undefined)
    expect(engines.map(({ listeners }) => listeners.size)).toEqual([0, 1])
  })

  it('hydrates what a server has rendered before it shows the latest', async () => {
    const onRecoverableError = vi.fn<(error: unknown) => void>()
    const hydrated = document.createElement('main')
    hydrated.innerHTML = 'online, 0 pending'
    const hydratedRoot = hydrateRoot(hydrated, <Line engine={new Engine(3)} />, { onRecoverableError })
    await vi.waitFor(() => expect(hydrated.textContent).toBe('online, 3 pending'))
    expect(onRecoverableError).not.toHaveBeenCalled()
    hydratedRoot.unmount()
  })
})

describe('useSyncEngine', () => {
  const seen: unknown[] = []
  function Look(): null {
    try {
      seen.push(useSyncEngine<Engine>())
    } catch (error) {
      seen.push(String(error))
    }
    return null
  }

  it('gives the engine of the nearest provider', () => {
    const [outer, inner] = [new Engine(0), new Engine(0)]
    show(<SyncProvider engine={outer}><SyncProvider engine={inner}><Look /></SyncProvider></SyncProvider>)
    expect(seen.at(-1)).toBe(inner)
  })

  it('says what is missing without a provider', () => {
    show(<Look />)
    expect(seen.at(-1)).toContain('no SyncProvider')
  })
})
