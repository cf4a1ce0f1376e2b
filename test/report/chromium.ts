import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

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
