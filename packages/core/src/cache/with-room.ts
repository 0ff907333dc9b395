import { BseError, hasCode } from '../errors.ts'

export interface RoomDeps {
  /** Lets go of what may go. Answers how many bytes went. */
  readonly makeRoom: (neededBytes: number) => Promise<number>
  /** Bytes here that cannot go, because no remote has them. */
  readonly pinnedBytes: () => number
}

/**
 * Does something that stores bytes; when the device is full it makes room and tries once more. Any other failure evicts nothing.
 *
 * @throws BseError `STORAGE_FULL` that names what was needed and what cannot go.
 */
export async function withRoom<T>(deps: RoomDeps, neededBytes: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!hasCode(error, 'STORAGE_FULL')) throw error
    const freed = await deps.makeRoom(neededBytes)
    if (freed === 0) throw fullError(deps, neededBytes, error)
  }
  try {
    return await work()
  } catch (error) {
    throw hasCode(error, 'STORAGE_FULL') ? fullError(deps, neededBytes, error) : error
  }
}

function fullError(deps: RoomDeps, neededBytes: number, cause: BseError<'STORAGE_FULL'>): BseError<'STORAGE_FULL'> {
  const { availableBytes } = cause.details
  return new BseError('STORAGE_FULL', 'cache: no room on this device', { neededBytes, availableBytes, pinnedBytes: deps.pinnedBytes() }, { cause })
}
