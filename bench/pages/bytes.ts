const MIB = 1024 * 1024

/** One mebibyte that nothing makes smaller, under a head that is new each time: other bytes for every blob. */
const body: Uint8Array<ArrayBuffer> = new Uint8Array(MIB)
for (let at = 0; at < MIB; at += 65_536) crypto.getRandomValues(body.subarray(at, at + 65_536))

export function freshBlob(sizeBytes: number): Blob {
  const parts: BlobPart[] = [crypto.getRandomValues(new Uint8Array(Math.min(32, sizeBytes)))]
  for (let left = sizeBytes - 32; left > 0; left -= MIB) parts.push(body.subarray(0, Math.min(MIB, left)))
  return new Blob(parts, { type: 'image/jpeg' })
}

/** As bytes that were read once: a blob that is put together of parts costs its first reader more than any other. */
export async function freshBlobs(count: number, sizeBytes: number): Promise<readonly Blob[]> {
  const blobs = Array.from({ length: count }, () => freshBlob(sizeBytes))
  return Promise.all(blobs.map(async (blob) => new Blob([await blob.arrayBuffer()], { type: blob.type })))
}

/** In milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
