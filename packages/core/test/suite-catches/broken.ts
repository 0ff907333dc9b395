export interface BrokenContext<Store> {
  readonly namespace: string
  /** Opens another, healthy store of the same namespace. */
  open(): Store
  /** The healthy stores under all that were opened so far, this one included. */
  readonly opened: readonly Store[]
}

/** A store that breaks one rule on purpose, and the case that is there to notice. */
export interface Broken<Store> {
  readonly caughtBy: string
  /** Wraps each store that a case opens. */
  wrap?(healthy: Store, context: BrokenContext<Store>): Partial<Store>
  /** Changes the name under which a store is opened, or refuses. */
  namespace?(asked: string, tab: number): string
}

/** A factory of broken stores over a healthy one. */
export function broken<Store extends object>(healthy: (namespace: string) => Store, how: Broken<Store>): (namespace: string) => Store {
  const opened: Store[] = []
  return (asked) => {
    const namespace = how.namespace?.(asked, opened.length) ?? asked
    const store = healthy(namespace)
    opened.push(store)
    return { ...store, ...how.wrap?.(store, { namespace, opened, open: () => healthy(namespace) }) }
  }
}
