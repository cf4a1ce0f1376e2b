/// <reference lib="dom" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minimizeOuterSync, outerReport, outerReportText } from '../../ts/index.js'
import { quadratic, rosenbrock, withGradient, withHessian } from '../outer/problems.js'
import { expectToFitScreens, hasChromium, launch, openPage } from './chromium.js'

const nasty = '<script>alert(1)</script> & "ρ"'
const results = {
  sound: minimizeOuterSync(withGradient(rosenbrock), { initialRho: [-1.2, 1], context: 'banana' }),
  railed: minimizeOuterSync(withHessian(quadratic([9, 0], [1, 1])), {
    initialRho: [0, 0.5],
    bounds: [-2, 2],
  }),
  broken: minimizeOuterSync(
    withGradient((theta) => ({
      value: quadratic([0, 0], [1, 1])(theta).value,
      gradient: quadratic([3, -2], [1, 1])(theta).gradient,
    })),
    { initialRho: [1, 1] },
  ),
}

describe('the report of a real search', () => {
  it('has its context as title, and names a broken criterion, as text too', async () => {
    expect(outerReportText(results.sound)).toMatch(/^banana\n/)
    expect(outerReportText(results.sound)).toContain(results.sound.digest)
    expect(results.broken.criterionBroken).toBe(true)
    expect(outerReportText(results.broken)).toMatch(/broken|not the gradient|disagree/i)
    expect(await outerReport(results.broken)).toMatch(/broken|not the gradient|disagree/i)
  })

  it('is the same for the same result, and holds no name unescaped', async () => {
    const options = { title: nasty, names: [nasty, 'b'] }
    const page = await outerReport(results.sound, options)
    expect(page).toBe(await outerReport(results.sound, options))
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('&lt;script&gt;')
    const body = page.slice(page.indexOf('<main'), page.indexOf('</main>'))
    expect(body).not.toMatch(/undefined|\[object|NaN/)
  })
})

describe.runIf(hasChromium)('its page in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-outer-report-'))
  const address = (name: string) => pathToFileURL(join(folder, `${name}.html`)).href
  let browser: Browser

  beforeAll(async () => {
    for (const [name, result] of Object.entries(results)) {
      writeFileSync(join(folder, `${name}.html`), await outerReport(result, { names: [nasty, 'b'] }))
    }
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  it.each(Object.keys(results))(
    '%s: loads nothing, complains of nothing, fits every screen',
    async (name) => {
      const complaints: string[] = []
      const page = await openPage(browser, address(name), complaints)
      await expectToFitScreens(page)
      await page.context().close()
      expect(complaints).toEqual([])
    },
  )

  it('has sections that the contents lead to', async () => {
    const page = await openPage(browser, address('sound'), [])
    const links = await page.$$eval('nav a', (anchors) => anchors.map((a) => a.getAttribute('href')!))
    expect(links).toEqual(expect.arrayContaining(['#outcome', '#certificate', '#path', '#attempts']))
    for (const link of links) expect(await page.locator(`section${link}`).count()).toBe(1)
    await page.context().close()
  })
})
