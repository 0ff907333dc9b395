import { useCallback, useEffect, useState } from 'react'
import { observeVisibility } from './visibility.ts'

export interface VisibleOptions {
  /** How far outside of the window still counts, as in CSS: `'200px'`, `'100% 0px'`. Default: `'0px'`. */
  readonly rootMargin?: string
}

export interface Visible {
  /** For the `ref` of the element that is looked at. */
  readonly ref: (element: Element | null) => void
  readonly isVisible: boolean
}

/** Whether an element is in view. Not before it was mounted, and never on a server. */
export function useVisible({ rootMargin = '0px' }: VisibleOptions = {}): Visible {
  const [element, setElement] = useState<Element | null>(null)
  // An element in the place of another is where that one was, until the browser says otherwise.
  const [isSeen, setSeen] = useState(false)
  const ref = useCallback((next: Element | null) => setElement(next), [])
  useEffect(() => (element === null ? undefined : observeVisibility(element, rootMargin, setSeen)), [element, rootMargin])
  return { ref, isVisible: element !== null && isSeen }
}
