// Uses an app as a person does, and listens for everything that goes wrong meanwhile.

/** The app hashes in one worker and writes in another. */
const workersOfApp = 2
const timeoutMs = 60_000

/** @typedef {{ answers: Record<string, number> }} WorkerLog by the URL of the worker */

/**
 * @param {string} url
 * @param {import('playwright').Browser} browser
 * @returns {Promise<readonly string[]>} what is wrong with it
 */
export async function usePage(url, browser) {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(timeoutMs)
  await page.addInitScript(logWorkers)
  const heard = listen(page)
  /** @type {string[]} */
  const troubles = []
  try {
    await page.goto(url)
    await addPhoto(page, 1)
    await page.reload()
    await addPhoto(page, 2)
    const answering = await page.evaluate(() => Object.keys(/** @type {{ workers?: WorkerLog }} */ (globalThis).workers?.answers ?? {}))
    if (answering.length !== workersOfApp) troubles.push(`of ${workersOfApp} workers these answered: ${answering.join(', ')}`)
  } catch (error) {
    troubles.push(String(error), `on the page: ${await page.locator('body').innerText()}`)
  } finally {
    await context.close()
  }
  return [...heard(), ...troubles]
}

/**
 * @param {import('playwright').Page} page
 * @param {number} count of photos that are then there
 */
async function addPhoto(page, count) {
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByText(`${count} photos, 1 sent, 0 pending, durable`).waitFor()
  await page.waitForFunction((wanted) => {
    const images = [...document.images].filter(({ complete, naturalWidth, src }) => complete && naturalWidth > 1 && src.startsWith('blob:'))
    return images.length === wanted
  }, count)
}

/** Runs in the page. Workers that cannot be had are done without, silently: only an answer shows that one is there. */
function logWorkers() {
  /** @type {WorkerLog} */
  const log = { answers: {} }
  Object.assign(globalThis, { workers: log })
  globalThis.Worker = class extends Worker {
    /**
     * @param {string | URL} url
     * @param {WorkerOptions} [options]
     */
    constructor(url, options) {
      super(url, options)
      const key = `${options?.name ?? ''} ${url}`
      this.addEventListener('message', () => (log.answers[key] = (log.answers[key] ?? 0) + 1))
    }
  }
}

/**
 * @param {import('playwright').Page} page
 * @returns {() => string[]} what went wrong so far
 */
function listen(page) {
  /** @type {{ text: string, url: string }[]} */
  const troubles = []
  // Whether the server has some bytes already is asked by HEAD. That it has not is no trouble, though Chromium writes it down as one.
  const asked = new Set()
  const add = (/** @type {string} */ text, url = '') => troubles.push({ text, url })
  page.on('console', (message) => {
    const { url } = message.location()
    if (['warning', 'error'].includes(message.type())) add(`console ${message.type()}: ${message.text()} (${url})`, url)
  })
  page.on('pageerror', (error) => add(`uncaught: ${error.stack ?? error.message}`))
  page.on('requestfailed', (request) => {
    if (request.method() !== 'HEAD') add(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`)
  })
  page.on('response', (response) => {
    const [method, url, status] = [response.request().method(), response.url(), response.status()]
    if (method === 'HEAD' && status === 404 && new URL(url).pathname.startsWith('/blobs/')) asked.add(url)
    else if (status >= 400) add(`${method} ${url}: ${status}`)
  })
  return () => troubles.filter(({ url }) => !asked.has(url)).map(({ text }) => text)
}
