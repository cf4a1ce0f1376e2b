/// <reference lib="dom" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { renderReport } from '../../ts/report/render.js'
import { hasChromium, launch, openPage } from './chromium.js'
import { nationalFixture } from './fixture.js'

describe.runIf(hasChromium)('the report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-report-'))
  const address = pathToFileURL(join(folder, 'report.html')).href
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    writeFileSync(join(folder, 'report.html'), await renderReport(nationalFixture()))
    browser = await launch()
  })

  beforeEach(async () => {
    complaints = []
    page = await openPage(browser, address, complaints)
  })

  afterEach(async () => {
    await page.context().close()
    // Errors, refusals by the content security policy, and attempts to load anything.
    expect(complaints).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  const column = (index: number) =>
    page.$$eval(
      '#targets-body tr',
      (rows, cell) => rows.map((row) => row.children[cell]?.getAttribute('title') ?? ''),
      index,
    )
  const names = () => page.$$eval('#targets-body th', (heads) => heads.map((head) => head.textContent))
  const header = (name: string) => page.locator('.targets thead th', { hasText: name })

  it('sorts by a column of numbers, largest first, then smallest first', async () => {
    await header('Total wanted').getByRole('button').click()
    const descending = (await column(1)).map(Number)
    expect(descending).toEqual(descending.toSorted((a, b) => b - a))
    expect(await header('Total wanted').getAttribute('aria-sort')).toBe('descending')
    expect(await header('Error after').getAttribute('aria-sort')).toBeNull()
    expect(await page.locator('#target-order').textContent()).toBe('Sorted by total wanted, largest first')

    await header('Total wanted').getByRole('button').click()
    expect((await column(1)).map(Number)).toEqual(descending.toReversed())
    expect(await header('Total wanted').getAttribute('aria-sort')).toBe('ascending')
  })

  it('sorts errors by their size and the default column backwards at the first click', async () => {
    expect(await header('Error after').getAttribute('aria-sort')).toBe('descending')
    await header('Error after').getByRole('button').click()
    const sizes = (await column(5)).map((value) => Math.abs(Number(value)))
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  })

  it('sorts by name with the keyboard alone, numbers in names by their value', async () => {
    await header('Target').getByRole('button').focus()
    await page.keyboard.press('Enter')
    const sorted = await names()
    expect(sorted.slice(0, 3)).toEqual([
      'capital_gains_10k_to_25k_21',
      'capital_gains_10k_to_25k_85',
      'capital_gains_10k_to_25k_149',
    ])
    expect(await header('Target').getAttribute('aria-sort')).toBe('ascending')
    await page.keyboard.press('Space')
    expect((await names()).at(-1)).toBe('capital_gains_10k_to_25k_21')
  })

  it('searches as the reader types, and says how many are shown', async () => {
    await page.getByLabel('Search the targets').fill('wages over_1m')
    const shown = await page.locator('#targets-body tr:visible th').allTextContents()
    expect(shown.length).toBeGreaterThan(0)
    expect(shown.length).toBeLessThan(634)
    for (const name of shown) expect(name).toMatch(/wages.*over_1m/)
    expect(await page.locator('output').textContent()).toBe(`${shown.length} of 634 targets shown`)
    await page.getByLabel('Search the targets').fill('')
    expect(await page.locator('#targets-body tr:visible').count()).toBe(634)
    expect(await page.locator('output').textContent()).toBe('634 targets')
  })

  it('is complete without its script: sorted table, no dead controls', async () => {
    const still = await openPage(browser, address, complaints, { javaScriptEnabled: false })
    expect(await still.locator('#targets-body tr').count()).toBe(634)
    expect(await still.locator('button').count()).toBe(0)
    expect(await still.locator('input[type=search]').isVisible()).toBe(false)
    expect(await still.locator('th[aria-sort=descending]').textContent()).toBe('Error after')
    await still.context().close()
  })

  it.each([
    ['desktop', 1280, 'wide'],
    ['tablet', 768, 'wide'],
    ['phone', 390, 'narrow'],
    ['small phone', 320, 'narrow'],
  ])('fits a %s: no sideways scrolling of the page, the plot of that width', async (_, width, plot) => {
    await page.setViewportSize({ width, height: 800 })
    const { scrollWidth, innerWidth } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
      innerWidth: window.innerWidth,
    }))
    expect(scrollWidth).toBeLessThanOrEqual(innerWidth)
    const classes = await page.$$eval('figure svg', (images) =>
      images
        .filter((image) => image.getBoundingClientRect().width > 0)
        .map((image) => image.getAttribute('class')),
    )
    expect(classes).toEqual(Array.from({ length: 6 }, () => plot))
  })

  it('keeps every label of the plots inside the image', async () => {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 })
      const outside = await page.$$eval('figure svg', (images) =>
        images.flatMap((image) => {
          const frame = image.getBoundingClientRect()
          if (frame.width === 0) return []
          return [...image.querySelectorAll('text')]
            .filter((text) => text.getAttribute('opacity') !== '0')
            .filter((text) => {
              const box = text.getBoundingClientRect()
              return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1
            })
            .map((text) => text.textContent)
        }),
      )
      expect(outside).toEqual([])
    }
  })

  it('follows the reader’s choice of dark or light, and prints on white', async () => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(await paper()).toBe('rgb(255, 255, 255)')
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await paper()).toBe('rgb(21, 25, 29)')
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' })
    expect(await paper()).toBe('rgb(255, 255, 255)')
  })

  it('prints everything: no scrolling box, no search, no sorting arrows, all targets', async () => {
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('input[type=search]').isVisible()).toBe(false)
    expect(await page.locator('#targets-body tr:visible').count()).toBe(634)
    const boxes = await page.$$eval('.scroll', (elements) =>
      elements.map((box) => getComputedStyle(box).maxHeight),
    )
    expect(new Set(boxes)).toEqual(new Set(['none']))
    const arrows = await page.$$eval('.targets thead button', (buttons) =>
      buttons.map((button) => getComputedStyle(button, '::after').content),
    )
    expect(new Set(arrows)).toEqual(new Set(['none']))
  })
})
