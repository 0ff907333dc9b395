/*
 * The RFC's sample, as near to its words as types allow. What differs:
 * - it is wrapped in functions, so that a test can give it files and look at what comes of it;
 * - `url`, `presignEndpoint`, `accountId` and `familyId` are real; `storeUrl` names a bucket of ours in place of Cloudflare's; `name` and `state` of the
 *   test's own;
 * - `warningThreshold`, `criticalThreshold` and `priorities`, which the RFC shows further down, are in the one `cache`;
 * - names that it leaves out (`updateUI`, `handleError`, `showToast`) are declared.
 */
import type { ReactElement } from 'react'
import { createSyncEngine } from 'blob-sync-engine'
import { useSync } from '@bse/react'
import type { News, Setting } from './names.ts'

export function configure({ electricUrl, presignEndpoint, storeUrl, name, onNews }: Setting) {
  const sync = createSyncEngine({
    name,
    // Structured data backend
    data: {
      provider: 'electric-sql', // or 'powerSync', 'replicache', 'liveStore'
      config: {
        url: electricUrl,
        // provider-specific options
      },
    },

    // Blob storage backend
    blobs: {
      provider: 'cloudflare-r2', // or 's3', 'supabase-storage', 'gcs'
      config: {
        accountId: '0123456789abcdef0123456789abcdef',
        bucket: 'media',
        // Presigned URL endpoint (your server)
        presignEndpoint,
        storeUrl,
      },
    },

    // Client-side cache configuration
    cache: {
      backend: 'opfs', // or 'indexeddb', 'hybrid'
      maxSize: '500MB',
      eviction: 'lru', // or 'fifo', 'manual'
      persist: true, // Request persistent storage to avoid eviction
      prefetch: {
        enabled: true,
        strategy: 'visible', // Prefetch blobs for visible items
      },
      warningThreshold: 0.8, // Emit warning at 80% full
      criticalThreshold: 0.95, // Aggressive eviction at 95%

      // Priority system
      priorities: {
        high: 'never-evict', // User-pinned items
        normal: 'lru', // Standard eviction
        low: 'eager-evict', // Thumbnails, previews
      },
    },

    // Offline behavior
    offline: {
      queueMutations: true,
      queueUploads: true,
      resumableUploads: true, // Use tus protocol
      maxQueueSize: '1GB',
      conflictResolution: 'last-write-wins', // or 'manual', 'server-wins'
      retryStrategy: {
        maxAttempts: 5,
        backoff: 'exponential',
      },
    },

    // Schema definitions (similar to Electric/Drizzle)
    schema: {
      photos: {
        id: 'uuid',
        title: 'string',
        takenAt: 'datetime',
        familyId: 'uuid',
        // Blob references are first-class
        image: { type: 'blob', mimeTypes: ['image/*'] },
        audio: { type: 'blob', mimeTypes: ['audio/*'], optional: true },
      },
    },
  })

  const updateUI = (id: Extract<News, { is: 'progress' }>['id'], progress: number): void => onNews({ is: 'progress', id, progress })
  const handleError = (operation: { readonly type: string }, error: unknown): void => onNews({ is: 'error', operation: operation.type, error })
  const showToast = (text: string): void => onNews({ is: 'toast', text })

  // Listen to sync events
  sync.on('online', () => onNews({ is: 'online' }))
  sync.on('uploadProgress', ({ id, progress }) => updateUI(id, progress))
  sync.on('uploadComplete', ({ url }) => onNews({ is: 'uploaded', url }))
  sync.on('syncError', ({ operation, error }) => handleError(operation, error))

  // Events for app-level handling
  sync.on('cacheWarning', () => {
    showToast('Storage nearly full. Some items may be removed.')
  })

  sync.on('cacheEviction', ({ items }) => {
    onNews({ is: 'evicted', text: `Evicted ${items.length} items to free space` })
  })
  return sync
}

export type Sync = ReturnType<typeof configure>

export async function insert(sync: Sync, imageFile: File, audioFile: File, familyId: string) {
  // Insert with blob - works offline
  const photo = await sync.photos.insert({
    title: 'Beach Day',
    takenAt: new Date(),
    familyId,
    image: imageFile, // File or Blob
    audio: audioFile, // Optional
  })
  return photo
}

export async function replaceAudio(sync: Sync, photo: { readonly id: string }, newAudioFile: File): Promise<void> {
  // Update blob
  await sync.photos.update(photo.id, {
    audio: newAudioFile, // Replace audio
  })
}

export async function remove(sync: Sync, photo: { readonly id: string }): Promise<void> {
  // Delete (handles both data and blob cleanup)
  await sync.photos.delete(photo.id)
}

export function Photos({ sync, familyId }: { readonly sync: Sync; readonly familyId: string }): ReactElement {
  // Subscribe to data + blob URLs together
  const { data, blobUrls, isLoading, error } = useSync(
    sync.photos.where({ familyId }),
    {
      // Automatically resolve blob URLs
      includeBlobs: ['image', 'audio'],
      // Keep URLs fresh (re-sign before expiry)
      refreshUrls: true,
    },
  )

  // In component
  return (
    <div data-loading={isLoading} data-error={error?.code}>
      {data.map((photo) => (
        <img
          key={photo.id}
          src={blobUrls[photo.id].image} // Always valid URL
          alt={photo.title}
        />
      ))}
    </div>
  )
}

export async function manageCache(sync: Sync, photoIds: readonly string[]) {
  // Check cache status
  const stats = await sync.cache.stats()

  // Manual cache operations
  await sync.cache.prefetch(photoIds) // Pre-warm cache
  await sync.cache.evict(photoIds) // Remove specific items
  await sync.cache.clear() // Clear all cached blobs

  // Set priority (won't be evicted until lower priority items gone)
  for (const photoId of photoIds) await sync.cache.setPriority(photoId, 'high')
  return stats
}

export async function queueOf(sync: Sync) {
  // Check pending operations
  const queue = await sync.offline.pending()

  // Manual sync trigger
  await sync.offline.flush()
  return queue
}
