import { useSyncExternalStore, type ReactElement } from 'react'
import { messages } from '../page.ts'
import { Icon } from './icons.tsx'

const SHOWN = 4

/** Refusals interrupt a screen reader, notices wait for their turn. */
export function MessageList(): ReactElement {
  const all = useSyncExternalStore(messages.subscribe, messages.getSnapshot)
  const refusals = all.filter(({ kind }) => kind === 'refusal')
  const notices = all.filter(({ kind }) => kind === 'notice')
  const hidden = refusals.length - SHOWN
  const close = (id: number): ReactElement => (
    <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => messages.dismiss(id)}><Icon name="close" /></button>
  )
  return (
    <div className="messages">
      <div role="alert">
        {refusals.slice(0, SHOWN).map(({ id, code, text }) => <p key={id} className="message is-refusal" data-testid="message" data-code={code}><span>{text}</span>{close(id)}</p>)}
        {hidden > 0 && (
          <p className="message is-refusal">
            <span>And {hidden} more.</span>
            <button type="button" className="text-button" onClick={messages.dismissRefusals}>Dismiss all</button>
          </p>
        )}
      </div>
      <div role="status">
        {notices.map(({ id, text }) => <p key={id} className="message" data-testid="notice"><span>{text}</span>{close(id)}</p>)}
      </div>
    </div>
  )
}
