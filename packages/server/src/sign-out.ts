import { errorAnswer } from './answers.ts'
import { refuseForeignWrite, type AllowedOrigins } from './cors.ts'
import { rejected } from './http-status.ts'

export interface SignOutOptions {
  /** Pages of other origins that may ask. Default: none. The storage that goes is always that of this server's own origin. */
  readonly origins?: AllowedOrigins | undefined
}

/**
 * `POST`: has the browser remove what it stores for this origin, files and all (`Clear-Site-Data: "storage"`), which deleting records
 * alone does not. To be asked for after the engine's `logout` has resolved; never after one that keeps pending work. Only pages of
 * this origin may ask, for a foreign one could make people lose what they have not sent. Never throws.
 */
export function createSignOutHandler({ origins = [] }: SignOutOptions = {}): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      if (request.method !== 'POST') throw rejected(405, 'no such method here')
      refuseForeignWrite(request, origins)
      return new Response(null, { status: 204, headers: { 'clear-site-data': '"storage"', 'cache-control': 'no-store' } })
    } catch (error) {
      return errorAnswer(error)
    }
  }
}
