import type { BseError } from '@bse/core'
import type { ReactElement } from 'react'

const EXPLANATIONS: { readonly [code: string]: string } = {
  SCHEMA_TOO_NEW: 'Your photos were stored by a newer version of this app. Close all of its tabs and open it again to get that version. Nothing was changed.',
  STORAGE_FAILED: 'The browser does not let this page store anything. In a private window, or with storage blocked for this site, photos could not be kept safe.',
  STORAGE_FULL: 'This device has no room left. Free some space and open the page again.',
}

/** Storage could not be opened: nothing works without it, and pretending would lose photos. */
export function EngineError({ error }: { readonly error: BseError }): ReactElement {
  return (
    <main className="fatal" role="alert">
      <h1>Your photos cannot be opened here</h1>
      <p>{EXPLANATIONS[error.code] ?? 'The storage of this device could not be opened.'}</p>
      <p className="code">{error.code}: {error.message}</p>
      <button type="button" className="primary" onClick={() => location.reload()}>Try again</button>
    </main>
  )
}
