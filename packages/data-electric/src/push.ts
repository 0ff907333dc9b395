import { notOurs, type Requester } from '@bse/core/http'
import { hasCode } from '@bse/core/provider'
import { MUTATION_LIMITS, parseMutationAnswer, type MutationOutcome, type MutationWire } from '@bse/core/wire'

interface Part {
  readonly mutations: readonly MutationWire[]
  readonly body: string
}

/**
 * Sends mutations to the API, as many at once as one request takes, in order. When a request fails after others were answered, what they
 * brought is kept, and the rest is to be tried again.
 *
 * @throws BseError as the API or the network has it, when nothing is known of any; the signal's reason when aborted.
 */
export async function sendMutations(requester: Requester, url: string, mutations: readonly MutationWire[], signal: AbortSignal): Promise<readonly MutationOutcome[]> {
  const outcomes: MutationOutcome[] = []
  for (const part of partsOf(mutations)) {
    try {
      outcomes.push(...await sendPart(requester, url, part, signal))
    } catch (error) {
      signal.throwIfAborted()
      if (outcomes.length === 0) throw error
      return [...outcomes, ...mutations.slice(outcomes.length).map(({ id }) => ({ id, is: 'retry' as const }))]
    }
  }
  return outcomes
}

async function sendPart(requester: Requester, url: string, { body, mutations }: Part, signal: AbortSignal): Promise<readonly MutationOutcome[]> {
  const request = { operation: 'push', method: 'POST', url, headers: { 'content-type': 'application/json' }, body, signal } as const
  const response = await requester.send(request)
  if (!response.ok) {
    const error = await requester.errorOf(request, response)
    if (!hasCode(error, 'TOO_LARGE')) throw error
    return mutations.length > 1 ? sendHalves(requester, url, mutations, signal) : mutations.map(({ id }) => ({ id, is: 'rejected', code: 'TOO_LARGE' }))
  }
  const outcomes = parseMutationAnswer(await requester.jsonOf(request, response), mutations.map(({ id }) => id))
  if (outcomes === undefined) throw notOurs(requester.nameOf(request), response.status)
  return outcomes
}

/** A proxy in front of the API may take less than the API. */
async function sendHalves(requester: Requester, url: string, mutations: readonly MutationWire[], signal: AbortSignal): Promise<readonly MutationOutcome[]> {
  const middle = Math.ceil(mutations.length / 2)
  const first = await sendPart(requester, url, partOf(mutations.slice(0, middle)), signal)
  return [...first, ...await sendPart(requester, url, partOf(mutations.slice(middle)), signal)]
}

/** As they are now: the caller may change them while they wait. */
function partsOf(mutations: readonly MutationWire[]): readonly Part[] {
  const groups: MutationWire[][] = []
  let sizeBytes = Infinity
  for (const mutation of mutations) {
    const addedBytes = new Blob([JSON.stringify(mutation)]).size + 1
    const last = groups.at(-1)
    if (last === undefined || last.length === MUTATION_LIMITS.maxCount || sizeBytes + addedBytes > MUTATION_LIMITS.maxBodyBytes) {
      groups.push([mutation])
      sizeBytes = JSON.stringify({ mutations: [] }).length + addedBytes
    } else {
      last.push(mutation)
      sizeBytes += addedBytes
    }
  }
  return groups.map(partOf)
}

function partOf(mutations: readonly MutationWire[]): Part {
  return { mutations, body: JSON.stringify({ mutations }) }
}
