import { describe, expect, it } from 'vitest'
import type { Json } from '@bse/core/wire'
import { checkpointFromJson, checkpointToJson, type Checkpoint } from '../src/checkpoint.ts'

const checkpoint: Checkpoint = {
  hash: `sha256:${'a'.repeat(64)}`, sizeBytes: 300, type: 'image/png', upload: { id: 'x', uploadId: 'u' }, partBytes: 100,
  parts: [{ partNumber: 1, etag: '"e1"' }, { partNumber: 3, etag: '"e3"' }],
}
const good = checkpointToJson(checkpoint) as { readonly [field: string]: Json }

describe('a checkpoint', () => {
  it('comes back from storage as it was', () => {
    expect(checkpointFromJson(JSON.parse(JSON.stringify(good)) as Json)).toEqual(checkpoint)
  })

  it.each<readonly [string, Json | undefined]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'https://elsewhere.example/uploads/1'],
    ['another format', { ...good, format: 's3-multipart-2' }],
    ['no hash', { ...good, hash: 'sha256:xyz' }],
    ['no size', { ...good, sizeBytes: '300' }],
    ['no size of a part', { ...good, partBytes: 0 }],
    ['no upload', { ...good, upload: { id: 'x' } }],
    ['no list of parts', { ...good, parts: {} }],
    ['a part without a tag', { ...good, parts: [[1]] }],
  ])('that is %s means nothing', (_, json) => {
    expect(checkpointFromJson(json)).toBeUndefined()
  })
})
