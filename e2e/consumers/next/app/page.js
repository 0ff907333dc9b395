import { App } from './client.js'

/** Rendered anew for each request, and not once while building. */
export const dynamic = 'force-dynamic'

export default function Page() {
  return <App />
}
