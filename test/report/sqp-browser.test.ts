/// <reference lib="dom" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnoseMinimizeSync, renderSqpReport } from '../../ts/index.js'
import { hs71 } from '../sqp/problems.js'
import { expectToFitScreens, hasChromium, launch, openPage } from './chromium.js'

const nasty = '<script>alert(1)</script> & "ρ"'
const square = (x: Float64Array) => (x[0]! - 1) ** 2 + (x[1]! + 2) ** 2
const slope = (x: Float64Array) => [2 * (x[0]! - 1), 2 * (x[1]! + 2)]
const reports = {
  converged: diagnoseMinimizeSync(hs71.f, hs71.x0, {
    gradient: hs71.gradient,
    bounds: hs71.x0.map(() => [1, 5] as const),
    constraints: [
      { type: 'ineq', name: nasty, fun: (x) => x[0]! * x[1]! * x[2]! * x[3]! - 25 },
      { type: 'eq', fun: (x) => x.reduce((sum, value) => sum + value * value, -40) },
    ],
    variableNames: [nasty, 'b', 'c', 'd'],
  }).report,
  failed: diagnoseMinimizeSync(square, [0, 0], {
    gradient: (x) => slope(x).map((g) => -g),
    options: { lineSearchMaxSteps: 10 },
  }).report,
  infeasible: diagnoseMinimizeSync(square, [3, 0.1], {
    gradient: slope,
    constraints: [
      {
        type: 'ineq',
        name: 'disc',
        fun: (x) => 1 - x[0]! ** 2 - x[1]! ** 2,
        jac: (x) => [-2 * x[0]!, -2 * x[1]!],
      },
      { type: 'ineq', name: nasty, fun: (x) => x[0]! + x[1]! - 3, jac: () => [1, 1] },
    ],
  }).report,
}
const names = Object.keys(reports) as (keyof typeof reports)[]

describe('the report of a real run', () => {
  it.each(names)('%s: is the same for the same run, and holds no name unescaped', async (name) => {
    const page = await renderSqpReport(reports[name], { title: nasty })
    expect(page).toBe(await renderSqpReport(reports[name], { title: nasty }))
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('&lt;script&gt;')
    const body = page.slice(page.indexOf('<main'), page.indexOf('</main>'))
    // A sentence may say that a function is undefined somewhere.
    expect(body).not.toMatch(/[>"]undefined|\[object|NaN/)
  })
})

describe.runIf(hasChromium)('its page in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'equipoise-sqp-report-'))
  const address = (name: string) => pathToFileURL(join(folder, `${name}.html`)).href
  let browser: Browser

  beforeAll(async () => {
    for (const name of names) {
      writeFileSync(join(folder, `${name}.html`), await renderSqpReport(reports[name], { title: nasty }))
    }
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  it.each(names)('%s: loads nothing, complains of nothing, fits every screen', async (name) => {
    const complaints: string[] = []
    const page = await openPage(browser, address(name), complaints)
    await expectToFitScreens(page)
    await page.context().close()
    expect(complaints).toEqual([])
  })

  it('has sections that the contents lead to', async () => {
    const page = await openPage(browser, address('converged'), [])
    const links = await page.$$eval('nav a', (anchors) => anchors.map((a) => a.getAttribute('href')!))
    expect(links).toEqual(
      expect.arrayContaining(['#outcome', '#path', '#active-set', '#counters', '#options']),
    )
    for (const link of links) expect(await page.locator(`section${link}`).count()).toBe(1)
    await page.context().close()
  })

  it('shows five plots of a path with constraints, and what to try where a run failed', async () => {
    const whole = await openPage(browser, address('converged'), [])
    expect(await whole.locator('#path figure').count()).toBe(5)
    await whole.context().close()
    const page = await openPage(browser, address('failed'), [])
    expect(await page.locator('#signal-derivative_check').isVisible()).toBe(true)
    await page.context().close()
  })
})
