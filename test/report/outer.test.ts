import { describe, expect, it } from 'vitest'
import type { OuterRecord, OuterReportInput } from '../../ts/report/outer/input.js'
import { renderOuterReport } from '../../ts/report/outer/render.js'
import { outerReportText } from '../../ts/report/outer/text.js'

const plan = { solver: 'bfgs', hessianSource: 'bfgsApprox' }

/** A search in two parameters, the second of which ended at its bound. */
function record(changes: Partial<OuterRecord> = {}): OuterRecord {
  return {
    rho: Float64Array.of(1.25, -30),
    finalValue: 12.5,
    iterations: 3,
    finalGradient: Float64Array.of(1e-7, 0.5),
    converged: true,
    stopReason: 'converged',
    message: 'The point is stationary.',
    planUsed: plan,
    method: 'BFGS',
    stationarity: {
      holds: true,
      projectedGradient: 1e-7,
      gradientLimit: 1e-5,
      newtonDecrement: null,
      decrementLimit: null,
      curvature: 'unmeasured',
      leastEigenvalue: null,
    },
    criterionCertificate: {
      gradNorm: 0.5,
      analyticDirectional: 1e-7,
      fdDirectional: 1.1e-7,
      fdError: 1e-8,
      agreementZ: 1,
      fdStep: 6e-6,
      hessianPd: null,
      lambdasRailed: [1],
      psiRailed: [],
      consistent: true,
      clean: false,
      summary: 'slope 1e-7 by gradient, 1.1e-7 by values; consistent',
    },
    certificateAbsent: null,
    criterionBroken: false,
    context: 'a <b>model</b>',
    attempts: [
      {
        plan: { solver: 'hybridEfs', hessianSource: 'hybridEfsFixedPoint' },
        runs: 1,
        iterations: 1,
        stopReason: 'firstOrderFallback',
        value: 14,
        fallback: { reason: 'psiStagnation' },
        seeds: [],
      },
      {
        plan,
        runs: 1,
        iterations: 2,
        stopReason: 'converged',
        value: 12.5,
        fallback: null,
        seeds: [
          { seed: 0, start: [1, 1], value: 12.5, iterations: 2, converged: true, stopReason: 'converged' },
        ],
      },
    ],
    evaluations: { value: 0, gradient: 5, audit: 4 },
    path: [
      { attempt: 1, seed: 0, iteration: 0, value: 14, projectedGradientNorm: 3, stepNorm: null },
      { attempt: 1, seed: 0, iteration: 1, value: 12.6, projectedGradientNorm: 0.2, stepNorm: 1 },
      { attempt: 1, seed: 0, iteration: 2, value: 12.5, projectedGradientNorm: 1e-7, stepNorm: 0.1 },
    ],
    digest: '0123456789abcdef',
    uncertainty: {
      verdict: 'suspectedHeavyTails',
      kHat: 0.61,
      effectiveDraws: 20.5,
      numDraws: 32,
      numOutside: 1,
      numFailed: 0,
      coordinates: [0],
      standardErrors: [0.7],
    },
    cache: { key: 'abcdef01', outcome: 'miss', reason: 'nothing is stored under this key', saved: true },
    ...changes,
  }
}

const input = (changes: Partial<OuterRecord> = {}): OuterReportInput => ({
  title: 'Wages & <time>',
  names: ['s(age)', 's(time)'],
  result: record(changes),
})

describe('the report of an outer search', () => {
  it('loads nothing, escapes what it is given, and is the same bytes each time', async () => {
    const page = await renderOuterReport(input())
    expect(page).not.toMatch(/https?:|\bsrc\s*=|@import|url\(|<link|<iframe/i)
    expect(page).toContain('Wages &amp; &lt;time&gt;')
    expect(page).toContain('a &lt;b&gt;model&lt;/b&gt;')
    expect(await renderOuterReport(input())).toBe(page)
  })

  it('has unique ids, and every link and label points at one', async () => {
    const page = await renderOuterReport(input())
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]*)"/g))
      expect(ids).toContain(target)
  })

  it('shows the path, the certificate, every start and attempt, and what lies at a bound', async () => {
    const page = await renderOuterReport(input())
    for (const id of [
      'outcome',
      'parameters',
      'certificate',
      'uncertainty',
      'path',
      'attempts',
      'provenance',
    ])
      expect(page).toContain(`<section id="${id}"`)
    expect(page.match(/<svg class="(?:wide|narrow)"/g)).toHaveLength(2)
    expect(page).toContain(
      'Projected gradient: from 3 to 10⁻⁷. Criterion above its final value: from 1.5 to 0.1.',
    )
    expect(page).toContain('handed over: psi stagnation')
    expect(page).toContain('<span class="tag">at a bound</span>')
    expect(page).toContain('Normal intervals for the smoothing parameters are doubtful.')
    expect(page).toContain('0123456789abcdef')
    expect(page).toContain('nothing is stored under this key')
  })

  it('names a broken criterion loudly', async () => {
    const broken = input({ criterionBroken: true, converged: false, stopReason: 'criterionBroken' })
    expect(await renderOuterReport(broken)).toContain('<div class="verdict bad">')
    expect(outerReportText(broken)).toContain(
      'The gradient is not the gradient of the criterion. Do not use this point.',
    )
  })

  it('does without everything that a search may lack', async () => {
    const bare = input({
      rho: [],
      finalGradient: null,
      stationarity: null,
      criterionCertificate: null,
      certificateAbsent: 'there are no parameters',
      planUsed: null,
      attempts: [],
      path: [],
      uncertainty: null,
      cache: null,
      converged: false,
      stopReason: 'cancelled',
    })
    const page = await renderOuterReport(bare)
    expect(page).toContain('There is no audit: there are no parameters.')
    expect(page).toContain('Stopped early')
    expect(page).not.toContain('<svg')
    expect(outerReportText(bare)).toContain('no audit: there are no parameters')
  })

  it('draws a fixed point by its steps, and a path that is flat from its start as a table', async () => {
    const steps = [2, 0.1, 1e-6].map((stepNorm, iteration) => ({
      attempt: 0,
      seed: 0,
      iteration,
      value: 12.5 + stepNorm,
      projectedGradientNorm: null,
      stepNorm,
    }))
    expect(await renderOuterReport(input({ path: steps }))).toContain('Length of the step: from 2 to 10⁻⁶.')
    const flat = [
      { attempt: 0, seed: 0, iteration: 0, value: 12.5, projectedGradientNorm: 0, stepNorm: null },
    ]
    const page = await renderOuterReport(input({ path: flat }))
    expect(page).toContain('1 point of the solver run')
    expect(page).not.toContain('<svg')
  })

  it('says the same as text', () => {
    const text = outerReportText(input())
    expect(text).toContain('Converged: The search ended at a point that passes its tests.')
    expect(text).toContain('s(age)   1.25')
    expect(text).toContain('stationary: projected gradient 10⁻⁷, limit 10⁻⁵')
    expect(text).toContain('1. Hybrid fixed point: First order fallback, 1 iterations')
    expect(text).toContain('start 1: criterion 12.5, 2 iterations, converged')
  })
})
