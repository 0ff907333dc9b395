import { useEffect } from 'react'
import { useEngineOr } from './engine-context.ts'
import { useVisible } from './use-visible.ts'

/** What `usePrefetchVisible` needs of an engine. */
export interface EngineWithVisible {
  readonly cache: { visible(target: string): () => void }
}

export interface PrefetchVisibleOptions {
  /** Default: the engine of the provider. */
  readonly engine?: EngineWithVisible | undefined
  /** How far outside of the window rows are fetched, as in CSS. Default: `'100%'`, a window's height and width around it. */
  readonly rootMargin?: string
}

/**
 * The `ref` for the element of a row (by the row's id) or of a blob (by its hash): while it is in view or near it, the blobs are brought to
 * this device, before anybody asks for their URLs. It does what `cache.prefetch` of the engine's options says, and nothing where that is disabled.
 *
 * @throws Error when no engine is given and there is no provider above.
 */
export function usePrefetchVisible(target: string | undefined, { engine, rootMargin = '100%' }: PrefetchVisibleOptions = {}): (element: Element | null) => void {
  const { cache } = useEngineOr<EngineWithVisible>(engine)
  const { ref, isVisible } = useVisible({ rootMargin })
  useEffect(() => (isVisible && target !== undefined ? cache.visible(target) : undefined), [cache, isVisible, target])
  return ref
}
