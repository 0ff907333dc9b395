import { createContext, useContext, type Context } from 'react'

export const EngineContext: Context<object | undefined> = createContext<object | undefined>(undefined)

/**
 * The engine of the nearest `SyncProvider`: `useSyncEngine<typeof sync>()`. Its type is the caller's word.
 *
 * @throws Error when there is no provider above.
 */
export function useSyncEngine<Engine extends object>(): Engine {
  return useEngineOr<Engine>(undefined)
}

/** `given` when there is one, else the engine of the provider. */
export function useEngineOr<Engine extends object>(given: Engine | undefined): Engine {
  const provided = useContext(EngineContext)
  const engine = given ?? provided
  if (engine === undefined) throw new Error('@bse/react: there is no SyncProvider above this component, and no engine was given')
  return engine as Engine
}
