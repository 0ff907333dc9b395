import type { CacheStats } from '@bse/core'
import { useEffect, useState } from 'react'
import { useEngineOr } from './engine-context.ts'

/** What `useCacheStats` needs of an engine. */
export interface EngineWithCache {
  readonly cache: { stats(): Promise<CacheStats>; subscribe(listener: () => void): () => void }
}

interface Known {
  readonly of: EngineWithCache['cache']
  readonly stats: CacheStats
}

/**
 * How much of this device the cache uses, kept up to date. `undefined` until it is known, on a server, and where storage cannot be opened
 * (`useSyncStatus` says why).
 *
 * @throws Error when no engine is given and there is no provider above.
 */
export function useCacheStats(engine?: EngineWithCache): CacheStats | undefined {
  const { cache } = useEngineOr<EngineWithCache>(engine)
  const [known, setKnown] = useState<Known | undefined>(undefined)
  useEffect(() => follow(cache, (stats) => setKnown({ of: cache, stats })), [cache])
  return known?.of === cache ? known.stats : undefined
}

/** Asks again after each change; while an answer is under way, once for all changes that come meanwhile. */
function follow(cache: EngineWithCache['cache'], show: (stats: CacheStats) => void): () => void {
  let hasLeft = false
  let isAsking = false
  let isStale = false
  const ask = async (): Promise<void> => {
    isStale = isAsking
    if (isAsking) return
    isAsking = true
    try {
      const stats = await cache.stats()
      if (!hasLeft) show(stats)
    } catch {
      // The engine closed or cannot open its storage, which its status tells; what was known stays.
    } finally {
      isAsking = false
    }
    if (isStale && !hasLeft) await ask()
  }
  const leave = cache.subscribe(() => void ask())
  void ask()
  return () => {
    hasLeft = true
    leave()
  }
}
