import { exifDate } from './exif-date.ts'

export interface ImageFacts {
  readonly takenAt: Date
  /** As shown, after the camera's rotation; `undefined` when this browser cannot read the format. */
  readonly size: { readonly width: number; readonly height: number } | undefined
}

/** What the grid and the lightbox want to know before the first pixel is there. Decodes no pixels. */
export async function imageFacts(file: File): Promise<ImageFacts> {
  const [takenAt, size] = await Promise.all([exifDate(file), measure(file)])
  return { takenAt: takenAt ?? new Date(file.lastModified), size }
}

/** Browsers read the header to fire `load`, and decode only what is painted: this image never is. */
async function measure(file: File): Promise<ImageFacts['size']> {
  const url = URL.createObjectURL(file)
  try {
    return await new Promise((resolve) => {
      const image = new Image()
      image.onload = () => resolve(image.naturalWidth > 0 ? { width: image.naturalWidth, height: image.naturalHeight } : undefined)
      image.onerror = () => resolve(undefined)
      image.src = url
    })
  } finally {
    URL.revokeObjectURL(url)
  }
}
