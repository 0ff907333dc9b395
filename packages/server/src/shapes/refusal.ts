/** Why a request gets no rows: the answer is made from it. Never leaves this folder. */
export class Refusal extends Error {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super('shapes: refused')
    this.status = status
    this.body = body
  }
}

type Errors = Readonly<Record<string, readonly string[] | Readonly<Record<string, readonly string[]>>>>

/** A 400 that names the parameter at fault. */
export function refused(field: string, message: string): Refusal {
  return invalid({ [field]: [message] })
}

export function invalid(errors: Errors): Refusal {
  return new Refusal(400, { message: 'Invalid request', errors })
}

/** Turns a refusal of a field into one of the same field of the subset. */
export function underSubset(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error
  const { errors } = error.body as { errors?: Errors }
  return errors === undefined ? error : invalid({ subset: errors as Readonly<Record<string, readonly string[]>> })
}
