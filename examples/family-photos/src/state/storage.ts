import { useEffect, useState } from 'react'

export interface StorageState {
  readonly usedBytes: number
  readonly quotaBytes: number
  /** The browser will not clear it without being asked. */
  readonly isPersistent: boolean
}

const LOOK_AGAIN_MS = 5_000

/** What this site occupies on the device, looked at again and again, and at once when `seen` changes; `undefined` until known. */
export function useStorage(seen: number): StorageState | undefined {
  const [state, setState] = useState<StorageState>()
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      const next = await readStorage()
      if (!isOver) setState((last) => (isSame(last, next) ? last : next))
    }
    void look()
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [seen])
  return state
}

async function readStorage(): Promise<StorageState | undefined> {
  // Pages that are not served securely have no storage manager.
  const storage = navigator.storage as StorageManager | undefined
  if (storage === undefined) return undefined
  const [{ usage = 0, quota = 0 }, isPersistent] = await Promise.all([storage.estimate(), storage.persisted()])
  return { usedBytes: usage, quotaBytes: quota, isPersistent }
}

function isSame(last: StorageState | undefined, next: StorageState | undefined): boolean {
  return last?.usedBytes === next?.usedBytes && last?.quotaBytes === next?.quotaBytes && last?.isPersistent === next?.isPersistent
}
