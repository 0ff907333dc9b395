/** A recorded conversation: what one server answered to requests between statements. */
export interface Recording {
  readonly name: string
  readonly why: string
  readonly serverConfig?: string
  readonly schemaSql: string
  readonly steps: readonly Step[]
}

export interface Step {
  readonly note?: string
  readonly sql?: string
  readonly session?: string
  readonly sleepMs?: number
  readonly request?: RecordedRequest
  /** Absent when the server could not be reached. */
  readonly response?: RecordedResponse
  readonly parallel?: readonly { readonly label: string; readonly request: RecordedRequest; readonly response: RecordedResponse }[]
  readonly during?: readonly During[]
}

export interface During {
  readonly atMs: number
  readonly sql?: string
  readonly session?: string
  readonly request?: RecordedRequest
}

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly refs?: Readonly<Record<string, string>>
}

export interface RecordedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly events?: readonly unknown[]
  readonly endedBy?: 'server' | 'client'
  readonly tookMs?: number
}
