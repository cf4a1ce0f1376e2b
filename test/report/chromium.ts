/// <reference lib="dom" />
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const path = process.env.EQUIPOISE_CHROMIUM ?? '/usr/bin/chromium'

/** False, with a plain message, where there is no browser to look at pages with. */
export const hasChromium = existsSync(path)
if (!hasChromium) {
  process.stderr.write(
    `The report was NOT tested in a browser: there is no ${path} (set EQUIPOISE_CHROMIUM to the path of one).\n`,
  )
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Opens a page; errors, refusals by the content security policy and attempts to load anything go to `complaints`. */
export async function openPage(
  browser: Browser,
  address: string,
  complaints: string[],
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (request.url() !== address) complaints.push(request.url())
  })
  await page.goto(address)
  return page
}

/** On a desk and on two phones the page is no wider than the screen, and every label of a figure lies inside its image. */
export async function expectToFitScreens(page: Page): Promise<void> {
  for (const width of [1280, 390, 320]) {
    await page.setViewportSize({ width, height: 800 })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    const outside = await page.$$eval('figure svg', (images) =>
      images.flatMap((image) => {
        const frame = image.getBoundingClientRect()
        if (frame.width === 0) return []
        const isOutside = (box: DOMRect) =>
          box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1
        return [...image.querySelectorAll('text')]
          .filter((text) => isOutside(text.getBoundingClientRect()))
          .map((text) => text.textContent)
      }),
    )
    expect(outside).toEqual([])
  }
}
