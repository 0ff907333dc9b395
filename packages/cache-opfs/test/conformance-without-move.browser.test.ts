import { cacheStoreSuite } from '@bse/core/testing'
import { describe, it } from 'vitest'
import { opfsCache } from '../src/index.ts'

// A browser that can neither move files nor start the worker: publish has to copy.
Reflect.deleteProperty(FileSystemHandle.prototype, 'move')
Reflect.deleteProperty(FileSystemFileHandle.prototype, 'move')
if ('move' in FileSystemFileHandle.prototype) throw new Error('files can still be moved')

function noWorker(): Worker {
  throw new Error('no worker to be had')
}
cacheStoreSuite({ describe, it }, { name: 'opfs without move', open: opfsCache({ directory: 'no-move', worker: noWorker }) })
