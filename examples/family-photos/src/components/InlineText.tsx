import { useRef, useState, type KeyboardEvent, type ReactElement } from 'react'

export interface InlineTextProps {
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly className: string
  readonly onCommit: (text: string) => void
}

/** Text that is edited where it stands: Enter or leaving keeps it, Escape takes it back. */
export function InlineText({ label, value, placeholder, className, onCommit }: InlineTextProps): ReactElement {
  const [draft, setDraft] = useState<string>()
  const isDropped = useRef(false)
  const leave = (): void => {
    if (draft !== undefined && !isDropped.current && draft.trim() !== value) onCommit(draft.trim())
    isDropped.current = false
    setDraft(undefined)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return
    if (event.key === 'Escape') {
      // Not also for the dialog around it.
      event.preventDefault()
      event.stopPropagation()
      isDropped.current = true
    }
    event.currentTarget.blur()
  }
  return (
    <input
      className={`inline-text ${className}`} aria-label={label} placeholder={placeholder} value={draft ?? value} autoComplete="off" maxLength={500}
      onChange={(event) => setDraft(event.target.value)} onBlur={leave} onKeyDown={onKeyDown}
    />
  )
}
