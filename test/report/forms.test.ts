/// <reference lib="dom" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../../ts/report/render.js'
import { hasChromium, launch, openPage } from './chromium.js'
import { formFixtures } from './forms-fixture.js'

const names = Object.keys(formFixtures)
const pageOf = (name: string) => renderReport(formFixtures[name]!)

describe.each(names)('the report of %s', (name) => {
  it('has unique ids, points at nothing else, loads nothing and escapes what users typed', async () => {
    const page = await pageOf(name)
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby="|aria-describedby=")([^"]*)"/g)) {
      expect(ids).toContain(target)
    }
    expect(page).not.toMatch(/https?:/i)
    expect(page).not.toContain('returns_<b>')
    expect(page).not.toContain('h<17>')
    expect(page.replace(/<script>[\s\S]*<\/script>/, '')).not.toMatch(/NaN|\bundefined\b|Infinity|\[object/)
  })

  it('lists every target, where there are weights to speak of', async () => {
    const body = /<tbody id="targets-body">([\s\S]*?)<\/tbody>/.exec(await pageOf(name))?.[1] ?? ''
    expect(body.match(/<tr/g) ?? []).toHaveLength(name.startsWith('infeasible') ? 0 : 60)
  })

  it('is the same bytes each time', async () => {
    expect(await pageOf(name)).toBe(await pageOf(name))
  })
})

describe('what the forms say of their own', () => {
  const text = async (name: string) => (await pageOf(name)).replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ')

  it('bands: edges, where the totals ended, what wider bands would gain', async () => {
    const page = await text('bands')
    expect(page).toContain(
      'Of 60 totals, 34 ended inside their bands of their own accord, 17 at an edge that holds them, and 9 outside',
    )
    expect(page).toContain('at the upper edge')
    expect(page).toContain('below by')
    expect(page).toContain('The 20 bands that cost most, of 60')
    expect(page).toContain('Targets within their bands51 of 60')
    expect(page).toContain('Band of wages_*±100 weight hard')
    expect(page).toContain('−70.5')
  })

  it('bands by rank: how far each rank came', async () => {
    const page = await text('bands by rank')
    expect(page).toContain('The ranks, the most important first')
    expect(page).toContain('speaks of the bands as achieved')
  })

  it('calibration: the distance, multipliers of the totals, relaxed totals', async () => {
    const page = await text('calibration')
    expect(page).toContain('hyperbolic sine')
    expect(page).toContain('with α = 0.5')
    expect(page).toContain('59 exact totals are met to a relative 10⁻¹⁷')
    expect(page).toContain('2 of the targets depend on others')
    expect(page).toContain('Relaxed totals')
    expect(page).toContain('exact, dependent')
    expect(page).toContain('without limits')
  })

  it('infeasible: the sets by name, the records that press, what would help, and no weights', async () => {
    const page = await text('infeasible bands')
    expect(page).toContain('Infeasible')
    expect(page).toContain('at least 120')
    expect(page).toContain('at most 80')
    expect(page).toContain('The proof holds 12 records at the lower bound and 3 records at the upper')
    expect(page).toContain('h&lt;17&gt;')
    expect(page).toContain('92.5 instead of 120')
    expect(page).not.toContain('Multipliers and weights')
    const plain = await text('infeasible calibration')
    expect(plain).toContain('The targets of the combination: they cannot be met together')
    expect(plain).not.toContain('What would help')
  })
})

describe.runIf(hasChromium)('the reports of the forms in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-report-'))
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  it.each(names)('%s: no complaint, no request, no sideways scrolling, every plot seen', async (name) => {
    const file = join(folder, `${name}.html`)
    writeFileSync(file, await pageOf(name))
    const complaints: string[] = []
    const page = await openPage(browser, pathToFileURL(file).href, complaints)
    for (const width of [1280, 768, 390, 320]) {
      await page.setViewportSize({ width, height: 800 })
      const { scrollWidth, innerWidth } = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        innerWidth: window.innerWidth,
      }))
      expect(scrollWidth).toBeLessThanOrEqual(innerWidth)
      const hidden = await page.$$eval('figure', (figures) =>
        figures.filter(
          (figure) =>
            ![...figure.querySelectorAll('svg')].some((image) => image.getBoundingClientRect().width > 0),
        ),
      )
      expect(hidden).toHaveLength(0)
    }
    await page.setViewportSize({ width: 1280, height: 800 })
    if (!name.startsWith('infeasible')) await sorts(page)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  async function sorts(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Total wanted' }).click()
    const order = await page.$$eval('#targets-body tr td:nth-of-type(1)', (cells) =>
      cells.map((cell) => Number(cell.getAttribute('title'))),
    )
    expect(order).toHaveLength(60)
    const sorted = order.toSorted((a, b) => a - b)
    expect([sorted, sorted.toReversed()]).toContainEqual(order)
  }
})
