import { createElement, useState } from 'react'
import { SyncProvider, useSync, useSyncStatus } from '@bse/react'
import { sync } from './engine.js'

/** Of random dots, so that no two are equal; larger than what is hashed without a worker. */
async function newPicture() {
  const canvas = new OffscreenCanvas(1200, 900)
  const context = canvas.getContext('2d')
  const dots = context.createImageData(canvas.width, canvas.height)
  for (let at = 0; at < dots.data.length; at += 65_536) crypto.getRandomValues(dots.data.subarray(at, at + 65_536))
  context.putImageData(dots, 0, 0)
  return canvas.convertToBlob({ type: 'image/png' })
}

function Photos() {
  const { data, blobUrls, isLoading, error } = useSync(sync.photos.orderBy('title'), { includeBlobs: ['image'] })
  const { pending, durable } = useSyncStatus()
  const [sent, setSent] = useState(0)
  const add = async () => {
    const image = await newPicture()
    await sync.photos.insert({ title: `photo ${data.length}`, image }).synced
    setSent((count) => count + 1)
  }
  if (error !== undefined) return createElement('p', { role: 'alert' }, error.code)
  if (isLoading) return createElement('p', null, 'Opening…')
  return createElement(
    'main',
    null,
    createElement('button', { onClick: () => void add() }, 'Add'),
    createElement('p', { role: 'status' }, `${data.length} photos, ${sent} sent, ${pending.length} pending, ${durable ? 'durable' : 'not durable'}`),
    data.map((photo) => createElement('img', { key: photo.id, src: blobUrls[photo.id].image, alt: photo.title, width: 300 })),
  )
}

export function App() {
  return createElement(SyncProvider, { engine: sync }, createElement(Photos))
}
