import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { chromiumFlags, findChromium } from '../../../../scripts/browsers.mjs'

export interface BareTab {
  /** The value of an expression in the page, awaited. */
  evaluate(expression: string): Promise<unknown>
  send(method: string, params?: object): Promise<unknown>
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<{ readonly [key: string]: unknown }>

/**
 * A Chromium that is spoken to directly: Playwright keeps every page looking visible, and Chromium freezes hidden ones only. Each
 * new tab hides the ones before it.
 */
export async function bareBrowser(): Promise<{ openTab(url: string): Promise<BareTab> }> {
  const profile = await mkdtemp(join(tmpdir(), 'bse-bare-'))
  const browser = spawn(findChromium() ?? 'chromium', [...chromiumFlags, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(browser, 'exit')
  onTestFinished(async () => {
    browser.kill()
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  })
  const send = await connect(await addressOf(browser.stderr))
  return {
    async openTab(url) {
      const { targetId } = await send('Target.createTarget', { url })
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
      const own = (method: string, params?: object): ReturnType<Send> => send(method, params, String(sessionId))
      return {
        send: own,
        async evaluate(expression) {
          const { result, exceptionDetails } = await own('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
          if (exceptionDetails !== undefined) throw new Error(`the page threw: ${JSON.stringify(exceptionDetails)}`)
          return (result as { readonly value?: unknown }).value
        },
      }
    },
  }
}

function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const address = /ws:\/\/\S+/.exec(text)
      if (address !== null) resolve(address[0])
    })
  })
}

async function connect(address: string): Promise<Send> {
  const socket = new WebSocket(address)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  const answers = new Map<number, (answer: { readonly result?: object; readonly error?: object }) => void>()
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as { readonly id?: number }
    if (message.id !== undefined) answers.get(message.id)?.(message as { readonly result?: object; readonly error?: object })
  })
  let calls = 0
  return (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    const id = (calls += 1)
    answers.set(id, ({ result, error }) => {
      answers.delete(id)
      if (error === undefined) resolve({ ...result })
      else reject(new Error(`${method}: ${JSON.stringify(error)}`))
    })
    socket.send(JSON.stringify({ id, method, params, sessionId }))
  })
}
