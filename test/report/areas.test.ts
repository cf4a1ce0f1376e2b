/// <reference lib="dom" />
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { renderAreasReport } from '../../ts/report/areas/render.js'
import { areasFixture } from './areas-fixture.js'

const chromiumPath = process.env.EQUIPOISE_CHROMIUM ?? '/usr/bin/chromium'

describe('the report over all areas', () => {
  it('is the same bytes each time', async () => {
    expect(await renderAreasReport(areasFixture(20, 8))).toBe(await renderAreasReport(areasFixture(20, 8)))
  })

  it('has a cell for each area and target, and says in each what is there', async () => {
    const page = await renderAreasReport(areasFixture(20, 8))
    const body = /<tbody id="matrix-body">(.*?)<\/tbody>/s.exec(page)![1]!
    expect(body.match(/<tr>/g)).toHaveLength(20)
    expect(body.match(/<td/g)).toHaveLength(160)
    expect(body.match(/<td class=x>/g)).toHaveLength(16)
    // Areas 5, 10 and 15 do without the fourth target, as does area 0.
    expect(body.match(/<td class=n>/g)).toHaveLength(4)
  })

  it('escapes every name', async () => {
    const page = await renderAreasReport(areasFixture(20, 8))
    expect(page).not.toMatch(/<script>alert|<b>first|<i>markup/)
  })

  it('shows the targets that are missed most where they are too many', async () => {
    const input = areasFixture(12, 500)
    const page = await renderAreasReport(input)
    expect(page).toContain('Of 500 targets the 200 that are missed most often are shown.')
    const body = /<tbody id="matrix-body">(.*?)<\/tbody>/s.exec(page)![1]!
    expect(body.match(/<td/g)).toHaveLength(12 * 200)
    // No miss is hidden as long as there is room for it.
    const missed = input.summary.targets.filter(({ numMissed }) => numMissed > 0)
    expect(missed.length).toBeLessThan(200)
    expect(body.match(/<td class=[abcd]>/g)).toHaveLength(input.summary.missed.length)
  })
})

describe.runIf(existsSync(chromiumPath))('436 areas of 92 targets in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-report-'))
  const address = pathToFileURL(join(folder, 'index.html')).href
  let browser: Browser
  let complaints: string[] = []

  beforeAll(async () => {
    writeFileSync(join(folder, 'index.html'), await renderAreasReport(areasFixture(436, 92)))
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  })

  afterEach(() => {
    // Errors, refusals by the content security policy, and attempts to load anything.
    expect(complaints).toEqual([])
    complaints = []
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  async function open(width: number): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 800 } })
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (request.url() !== address) complaints.push(request.url())
    })
    await page.goto(address)
    return page
  }

  it.each([1280, 390])('loads nothing and overflows nowhere at %i pixels', async (width) => {
    const page = await open(width)
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(overflow).toBe(0)
    await page.close()
  })

  it('reads out the cell under the pointer', async () => {
    const page = await open(1280)
    const missed = page.locator('#matrix-body td.d').first()
    const [row, text] = await missed.evaluate((cell) => [
      cell.parentElement!.children[0]!.textContent!,
      cell.textContent!,
    ])
    await missed.click()
    expect(await page.locator('#matrix-reading').textContent()).toMatch(
      new RegExp(`^${row}, .*: ${text.trim().replace('+', '\\+')}$`),
    )
    await page.close()
  })

  it('finds areas by name, in the matrix too', async () => {
    const page = await open(1280)
    // 17, 117, ..., 417 and 170 to 179.
    await page.locator('input[data-search=matrix-body]').fill('17 area')
    expect(await page.locator('#matrix-body tr:visible').count()).toBe(15)
    await page.close()
  })
})
