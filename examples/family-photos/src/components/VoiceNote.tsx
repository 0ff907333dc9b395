import { PLACEHOLDER_URL } from '@bse/core'
import { useRef, type ReactElement } from 'react'
import { refusalOf } from '../import/refusal.ts'
import { attempt, messages } from '../page.ts'
import { useRecorder } from '../state/use-recorder.ts'
import { nameOf } from '../state/words.ts'
import { sync, type Photo } from '../sync.ts'
import { Icon } from './icons.tsx'

/** Records or picks a voice note, plays it, removes it. */
export function VoiceNote({ photo, url }: { readonly photo: Photo; readonly url: string | undefined }): ReactElement {
  const keep = (file: File): void => {
    sync.photos.update(photo.id, { audio: file }).then(undefined, (error: unknown) => messages.refuse(refusalOf(file, 'audio', error), error))
  }
  if (photo.audio === null) return <AddVoiceNote name={nameOf(photo)} onFile={keep} />
  return (
    <section className="voice" aria-label="Voice note" data-testid="voice-note">
      {url === undefined || url === PLACEHOLDER_URL ? <p>The voice note is on its way…</p> : <audio controls src={url} aria-label={`Voice note of ${nameOf(photo)}`} />}
      <button type="button" className="small" onClick={() => attempt('Removing the voice note', sync.photos.update(photo.id, { audio: null }))}>Remove</button>
    </section>
  )
}

function AddVoiceNote({ name, onFile }: { readonly name: string; readonly onFile: (file: File) => void }): ReactElement {
  const input = useRef<HTMLInputElement>(null)
  const recorder = useRecorder({ onRecorded: onFile, onRefused: messages.refuse })
  return (
    <section className="voice" aria-label="Voice note">
      {recorder.isSupported && (
        <button type="button" className="small" aria-pressed={recorder.isRecording} onClick={recorder.isRecording ? recorder.stop : recorder.start}>
          <Icon name="mic" /> {recorder.isRecording ? 'Stop and keep' : 'Record a voice note'}
        </button>
      )}
      <button type="button" className="small" onClick={() => input.current?.click()}>Choose a file</button>
      <input
        ref={input} className="hidden" type="file" accept="audio/*" data-testid="audio-input" aria-label={`Voice note for ${name}`} tabIndex={-1}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file !== undefined) onFile(file)
          currentTarget.value = ''
        }}
      />
    </section>
  )
}
