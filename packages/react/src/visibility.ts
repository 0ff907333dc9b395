type Listener = (isVisible: boolean) => void

interface Watch {
  readonly root: Document
  readonly rootMargin: string
  readonly observer: IntersectionObserver
  readonly listeners: Map<Element, Set<Listener>>
}

/** One observer for all elements with an equal margin: thousands of them would each cost a page that scrolls. */
const watches: Set<Watch> = new Set()

/**
 * Tells when an element comes into view and when it leaves it, the view being larger by `rootMargin` (as in CSS). Where the browser cannot
 * tell, everything is in view. Answers a function that ends it.
 */
export function observeVisibility(element: Element, rootMargin: string, listener: Listener): () => void {
  if (typeof IntersectionObserver === 'undefined') {
    listener(true)
    return () => undefined
  }
  const watch = watchOf(element.ownerDocument, rootMargin)
  const listeners = watch.listeners.get(element) ?? new Set()
  const own: Listener = (isVisible) => listener(isVisible)
  watch.listeners.set(element, listeners.add(own))
  // Observed anew, it is told where it stands, also when another observes it already.
  watch.observer.unobserve(element)
  watch.observer.observe(element)
  return () => {
    listeners.delete(own)
    if (listeners.size > 0) return
    watch.observer.unobserve(element)
    watch.listeners.delete(element)
    if (watch.listeners.size > 0) return
    watch.observer.disconnect()
    watches.delete(watch)
  }
}

/** The document is the root by name: else the margin would be of no effect in a frame. */
function watchOf(root: Document, rootMargin: string): Watch {
  for (const known of watches) if (known.root === root && known.rootMargin === rootMargin) return known
  const listeners: Watch['listeners'] = new Map()
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) for (const listener of [...(listeners.get(target) ?? [])]) listener(isIntersecting)
  }, { root, rootMargin })
  const watch = { root, rootMargin, observer, listeners }
  watches.add(watch)
  return watch
}
