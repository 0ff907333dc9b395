import type { BseError } from '@bse/core/wire'
import { useSync } from '@bse/react'
import { expectTypeOf, it } from 'vitest'
import type { Album, Photo } from './album.ts'

/** Never called: what the compiler says about it is the test. */
function usePhotos({ sync: { photos } }: Album): void {
  const result = useSync(photos.where({ title: 'x' }), { includeBlobs: ['image', 'audio'], refreshUrls: true })
  expectTypeOf(result.data).toEqualTypeOf<readonly Photo[]>()
  expectTypeOf(result.isLoading).toEqualTypeOf<boolean>()
  expectTypeOf(result.error).toEqualTypeOf<BseError | undefined>()
  expectTypeOf<keyof typeof result>().toEqualTypeOf<'data' | 'blobUrls' | 'isLoading' | 'error'>()
  const urls = result.blobUrls['id']
  expectTypeOf(urls?.image).toEqualTypeOf<string | undefined>()
  // @ts-expect-error `title` is no blob column
  useSync(photos.where({}), { includeBlobs: ['title'] })
  const onlyImage = useSync(photos.where({}), { includeBlobs: ['image'] })
  // @ts-expect-error the URL of a column that was not asked for
  void onlyImage.blobUrls['id']?.audio
  // @ts-expect-error no columns were asked for
  void useSync(photos.where({})).blobUrls['id']?.image
  // @ts-expect-error rows are read-only
  result.data.push()
}

it('accepts blob columns only and types their URLs', () => {
  expectTypeOf(usePhotos).toBeFunction()
})
