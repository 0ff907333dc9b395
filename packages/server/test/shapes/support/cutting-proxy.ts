import { onTestFinished } from 'vitest'
import { cutConnections } from './cut-connections.ts'

export interface CuttingProxy {
  readonly url: string
  /** From the server to clients, up to now. */
  sentBytes(): number
  /** Done by the end of the test at the latest. */
  close(): void
}

/** Until the test ends. */
export async function cuttingProxy(port: number, cutAtBytes: number = Infinity): Promise<CuttingProxy> {
  const { close, port: own, sentBytes } = await cutConnections(port, cutAtBytes)
  onTestFinished(close)
  return { url: `http://127.0.0.1:${own}/v1/shape`, sentBytes, close }
}
