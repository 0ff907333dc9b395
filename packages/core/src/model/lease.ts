/** Who leads. Every commit of a leader reads it and gives up when the epoch is another's. */
export interface Lease {
  readonly v: 1
  readonly epoch: number
  readonly tabId: string
}
