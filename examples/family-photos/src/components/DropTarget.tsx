import { useEffect, useEffectEvent, useState, type ReactElement } from 'react'

/** The whole window takes dropped and pasted files. */
export function DropTarget({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }): ReactElement | null {
  const [isOver, setOver] = useState(false)
  const take = useEffectEvent((event: Event, data: DataTransfer | null) => {
    if (data === null || data.files.length === 0) return
    event.preventDefault()
    onFiles([...data.files])
  })
  useEffect(() => {
    const listening = new AbortController()
    const { signal } = listening
    const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true
    addEventListener('dragover', (event) => {
      if (!isFiles(event)) return
      event.preventDefault()
      setOver(true)
    }, { signal })
    // Leaving the window has no target on the other side; moving between elements has one.
    addEventListener('dragleave', (event) => setOver(event.relatedTarget !== null), { signal })
    addEventListener('drop', (event) => {
      setOver(false)
      take(event, event.dataTransfer)
    }, { signal })
    addEventListener('paste', (event) => take(event, event.clipboardData), { signal })
    return () => listening.abort()
  }, [])
  return isOver ? <div className="drop-overlay" aria-hidden="true"><p>Drop to add to this album</p></div> : null
}
