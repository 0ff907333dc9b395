/** Who leads. */
export interface Lease {
  readonly v: 1
  readonly epoch: number
  readonly tabId: string
  /** The last question of `Line` that this leader has answered. */
  readonly answered?: number
  /** It has ended its work by itself: nobody needs to wait for its silence. */
  readonly released?: true
}

/** What those who wait for the lead ask of the leader: whether it is still there. */
export interface Line {
  readonly v: 1
  readonly asked: number
}
