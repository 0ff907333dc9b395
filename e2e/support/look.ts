import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, type TestInfo, type ViewportSize } from '@playwright/test'

export const WIDTHS: readonly ViewportSize[] = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
]

/** Keeps a picture of the page at each width, and checks what holds for every state at every width. */
export async function look(page: Page, info: TestInfo, state: string): Promise<void> {
  for (const size of WIDTHS) {
    await glance(page, info, state, size)
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`)
    expect(found, `${state} at ${size.width}: accessibility`).toEqual([])
  }
}

/** The quick part, for states that do not last. */
export async function glance(page: Page, info: TestInfo, state: string, size: ViewportSize): Promise<void> {
  await page.setViewportSize(size)
  await page.screenshot({ path: info.outputPath(`${state}-${size.width}.png`) })
  expect(await overflowing(page), `${state} at ${size.width}: reaches out of the window`).toEqual([])
  expect(await nameless(page), `${state} at ${size.width}: has no name`).toEqual([])
}

/** What makes the page scroll sideways; empty when nothing does. Areas that scroll by themselves may hold more than is seen. */
function overflowing(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 0.5)
    return ['the page', ...wide.slice(0, 5).map((element) => `${element.tagName}.${element.className}`)]
  })
}

/** Images without alternative text and controls without a word of their own. */
async function nameless(page: Page): Promise<readonly string[]> {
  const images = await page.locator('img:not([alt])').evaluateAll((found) => found.map(({ outerHTML }) => outerHTML))
  const controls = await page.locator('button, [role=switch], input:not([type=hidden])').evaluateAll((found: HTMLElement[]) =>
    found
      .filter((control) => (control.getAttribute('aria-label') ?? control.textContent).trim() === '')
      .map(({ outerHTML }) => outerHTML))
  return [...images, ...controls]
}
