import { PLACEHOLDER_URL, type BlobHash, type BlobRef } from '@bse/core'
import { useCallback, useState, type ImgHTMLAttributes, type ReactElement, type ReactNode, type SyntheticEvent } from 'react'
import { useBlobUrl, type EngineWithBlobs } from './use-blob-url.ts'
import { usePrefetchVisible, type EngineWithVisible } from './use-prefetch-visible.ts'
import { useVisible } from './use-visible.ts'

export interface BlobImageProps extends Omit<ImgHTMLAttributes<HTMLImageElement>, 'src' | 'srcSet' | 'loading' | 'alt'> {
  /** What a row's blob column has: nothing is shown for an empty one. */
  readonly blob: BlobRef | BlobHash | null | undefined
  readonly alt: string
  /** Default: the engine of the provider. */
  readonly engine?: (EngineWithBlobs & EngineWithVisible) | undefined
  /** The URL of what is shown until the picture is here. Default: one transparent pixel. */
  readonly placeholder?: string
  /** Shown instead of a picture that cannot be had or cannot be drawn. Default: the placeholder stays. */
  readonly fallback?: (retry: () => void) => ReactNode
  /** How far outside of the window pictures are asked for, as in CSS. Default: `'200px'`. */
  readonly rootMargin?: string
  /** How far outside of the window pictures are prefetched behind those that are asked for. Default: `'100%'`. */
  readonly prefetchMargin?: string
  /** How long a picture takes to appear once it is here; 0 for at once, as for people who want less motion. Default: 200. */
  readonly fadeInMs?: number
}

/**
 * A picture of a blob, offline too. What is in view is asked for first and at once; what is near is brought here behind it, a few at a time; what
 * is far away waits until it comes near. A picture that was shown stays until the component goes.
 */
export function BlobImage(props: BlobImageProps): ReactElement | null {
  const { blob, engine, placeholder, fallback, rootMargin = '200px', prefetchMargin = '100%', fadeInMs = 200, onLoad, onError, alt, ...rest } = props
  const hash = typeof blob === 'string' ? blob : blob?.hash
  const { ref: nearRef, isVisible } = useVisible({ rootMargin })
  const prefetch = usePrefetchVisible(hash, { engine, rootMargin: prefetchMargin })
  const [drawn, setDrawn] = useState<string | undefined>(undefined)
  const [broken, setBroken] = useState<string | undefined>(undefined)
  const { url, state, retry } = useBlobUrl(blob, { engine, isWanted: isVisible || drawn === hash })
  const ref = useCallback((element: HTMLElement | null) => {
    nearRef(element)
    prefetch(element)
  }, [nearRef, prefetch])
  const again = useCallback(() => {
    setBroken(undefined)
    retry()
  }, [retry])

  if (state === 'empty') return null
  const isBroken = state === 'ready' && broken === url
  if (fallback !== undefined && (state === 'missing' || isBroken)) return <span ref={ref} data-blob="missing">{fallback(again)}</span>
  const isReady = state === 'ready' && !isBroken
  const loaded = (event: SyntheticEvent<HTMLImageElement>): void => {
    onLoad?.(event)
    if (!isReady || drawn === hash) return
    setDrawn(hash)
    fadeIn(event.currentTarget, fadeInMs)
  }
  const failed = (event: SyntheticEvent<HTMLImageElement>): void => {
    onError?.(event)
    if (isReady) setBroken(url)
  }
  return (
    <img {...rest} ref={ref} alt={alt} src={isReady ? url : (placeholder ?? PLACEHOLDER_URL)} data-blob={isBroken ? 'missing' : state} onLoad={loaded} onError={failed} />
  )
}

function fadeIn(element: Element, durationMs: number): void {
  if (durationMs <= 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  element.animate([{ opacity: 0 }, { opacity: 1 }], { duration: durationMs })
}
