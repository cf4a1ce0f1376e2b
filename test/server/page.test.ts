/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, serve } from '../../ts/server/index.js'
import { hasChromium, launch } from '../report/chromium.js'
import { request } from './request.js'

describe.runIf(hasChromium)('the page of the server', () => {
  let server: RunningServer
  let browser: Browser
  let complaints: string[] = []

  beforeAll(async () => {
    server = await serve({ port: 0, logLevel: 'silent' })
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  afterEach(() => {
    expect(complaints).toEqual([])
    complaints = []
  })

  const open = async (width: number): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 } })
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith(server.address) && !request.url().startsWith('data:'))
        complaints.push(request.url())
    })
    await page.goto(server.address)
    return page
  }

  it.each([1280, 375])(
    'shows weights, cash, groups, prices and both methods at a width of %i',
    async (width) => {
      const page = await open(width)
      await page.getByRole('button', { name: 'Run' }).click()
      await page.locator('.verdict').waitFor()
      for (const title of [
        'Weights: model, current, final',
        'Cash',
        'Groups',
        'Rules that bind, with their prices',
        'Both methods side by side',
        'Trades',
      ]) {
        expect(await page.getByRole('heading', { name: title, exact: true }).count(), title).toBe(1)
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      await page.context().close()
    },
  )

  it('names a contradiction and runs again with the way out that is chosen', async () => {
    const page = await open(1280)
    await page.getByLabel('Example').selectOption({ index: 1 })
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByRole('heading', { name: 'These rules contradict each other' }).waitFor()
    await page.locator('.relaxations button:enabled').first().click()
    await page.locator('.verdict.READY, .verdict.PENDING_REVIEW').waitFor()
    expect(await page.locator('.relaxations').count()).toBe(0)
    await page.context().close()
  })

  it('sells of a locked holding with one click', async () => {
    const page = await open(1280)
    const { shelf_entries, ...rest } = request({
      group_constraints: { 'sector:TECH': { max_weight: '0.2' } },
    })
    const locked = { ...shelf_entries[0]!, status: 'SUSPENDED' }
    const body = { ...rest, shelf_entries: [locked, ...shelf_entries.slice(1)] }
    await page.getByLabel('JSON of the request').fill(JSON.stringify(body))
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByRole('button', { name: 'allow selling CHIP down to 20 %' }).click()
    await page.locator('.verdict.READY, .verdict.PENDING_REVIEW').waitFor()
    expect(JSON.parse(await page.getByLabel('JSON of the request').inputValue()).options.unlock_to).toEqual({
      CHIP: '0.2',
    })
    await page.context().close()
  })

  it('is used by keyboard alone, and says what is wrong', async () => {
    const page = await open(1280)
    await page.getByLabel('JSON of the request').focus()
    await page.keyboard.press('Control+Enter')
    await page.locator('.verdict').waitFor()
    await page.getByLabel('JSON of the request').fill('{"options": ')
    await page.keyboard.press('Control+Enter')
    expect(await page.getByRole('alert').textContent()).toMatch(/not JSON/)
    expect(await page.getByLabel('JSON of the request').getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('JSON of the request').fill('{"options": {"colour": 1}}')
    await page.keyboard.press('Control+Enter')
    await page.getByText('422: the request is not valid').waitFor()
    // The browser itself reports the answer 422 of the last run.
    complaints = complaints.filter((text) => !text.includes('422'))
    await page.context().close()
  })

  it('has a name for every control, and tells changes to those who cannot see them', async () => {
    const page = await open(1280)
    const unnamed = await page.$$eval('button, input, select, textarea', (controls) =>
      controls
        .filter((control) => {
          const { labels } = control as HTMLInputElement
          return (labels?.length ?? 0) === 0 && (control.textContent ?? '').trim() === ''
        })
        .map((control) => control.outerHTML),
    )
    expect(unnamed).toEqual([])
    expect(await page.locator('#result').getAttribute('aria-live')).toBe('polite')
    expect(await page.locator('html').getAttribute('lang')).toBe('en-GB')
    await page.context().close()
  })
})
