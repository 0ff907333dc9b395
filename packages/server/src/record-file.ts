import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'

const HEAD_BYTES = 8

export interface RecordFileContent {
  readonly records: readonly Uint8Array[]
  /** Where the whole records end. What follows was being written when the process died, or has rotted. */
  readonly endBytes: number
  readonly sizeBytes: number
}

/** A file of records: length (4 bytes), CRC-32 of the payload (4 bytes), payload. Absent reads as empty. */
export async function readRecords(path: string): Promise<RecordFileContent> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  const records: Uint8Array[] = []
  let at = 0
  for (let next = recordAt(bytes, at); next !== undefined; next = recordAt(bytes, at)) {
    records.push(next)
    at += HEAD_BYTES + next.length
  }
  return { records, endBytes: at, sizeBytes: bytes.length }
}

export function encodeRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + payload.length)
  const head = new DataView(record.buffer)
  head.setUint32(0, payload.length)
  head.setUint32(4, crc32(payload))
  record.set(payload, HEAD_BYTES)
  return record
}

/** Puts a file of these records in place of the old one; a crash leaves one of the two, whole. */
export async function replaceRecords(path: string, records: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.new`
  const handle = await open(temporary, 'w')
  try {
    for (const record of records) await writeWhole(handle, encodeRecord(record))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** Writes at the end, past short writes. */
export async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten
}

/** Makes names that were created or renamed in it survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function recordAt(bytes: Buffer, at: number): Uint8Array | undefined {
  if (at + HEAD_BYTES > bytes.length) return undefined
  const payload = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + bytes.readUInt32BE(at))
  const whole = payload.length === bytes.readUInt32BE(at) && crc32(payload) === bytes.readUInt32BE(at + 4)
  return whole ? payload : undefined
}
