import { useRef, type ReactElement } from 'react'
import { Icon } from './icons.tsx'

/** The same as dropping, for keyboards and phones. */
export function PickPhotos({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }): ReactElement {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" className="primary" aria-label="Add photos" onClick={() => input.current?.click()}>
        <Icon name="plus" /> <span>Add<span className="wide-only"> photos</span></span>
      </button>
      <input
        ref={input} className="hidden" type="file" multiple accept="image/*" data-testid="drop-input" aria-label="Choose photos" tabIndex={-1}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])])
          currentTarget.value = ''
        }}
      />
    </>
  )
}
