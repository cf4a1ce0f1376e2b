import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// The models of the examples, which have no declarations.
// @ts-expect-error
import { milesPerGallon, publishedMixedModels } from '../../examples/smoothing/data.mjs'
// @ts-expect-error
import { asObjective } from '../../examples/smoothing/objective.mjs'
// @ts-expect-error
import { PenalizedRegression } from '../../examples/smoothing/penalized.mjs'
import { minimizeOuterSync } from '../../ts/index.js'

const cases = process.env.EQUIPOISE_CASES ?? join(import.meta.dirname, '../../../shared/cases')
const folder = join(cases, 'smoothing')
const OFFERS = ['secondOrder', 'firstOrder', 'fixedPoint']

interface Fit {
  objective_ref: number
  theta_here: number[]
}

const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))

const search = (data: object, offer: string, tolerance: number) => {
  const model = new PenalizedRegression(data)
  const result = minimizeOuterSync(asObjective(model, offer), {
    initialRho: model.startingPoint(),
    maxIter: 1000,
    tolerance,
    seedConfig: { riskProfile: 'gaussian' },
  })
  return { model, result }
}

describe.skipIf(!existsSync(folder))('real models in TypeScript', () => {
  const fits: Record<string, Fit> = existsSync(folder) ? read('lmm.json') : {}
  const models: [string, object][] = existsSync(folder) ? Object.entries(publishedMixedModels(folder)) : []
  const runs = models.flatMap(([name, data]) => OFFERS.map((offer) => [name, offer, data] as const))

  it.each(runs)('%s by %s has the objective of lme4', (name, offer, data) => {
    const { result } = search(data, offer, 1e-7)
    expect(result.converged).toBe(true)
    const fit = fits[name] as Fit
    expect(Math.abs(result.finalValue - fit.objective_ref)).toBeLessThan(1e-7)
    fit.theta_here.forEach((theta, k) => {
      expect(Math.exp(-0.5 * (result.rho[k] as number)) / theta).toBeCloseTo(1, 4)
    })
  })

  it('the additive model has the score of mgcv', () => {
    const reference = read('mgcv_mpg_poisson_check.json')
    const { model, result } = search(milesPerGallon(folder), 'secondOrder', 1e-8)
    expect(result.converged).toBe(true)
    expect(result.finalValue).toBeLessThan(reference.ubre_mgcv + 1e-9)
    model.evaluate(result.rho).degrees.forEach((degrees: number, k: number) => {
      expect(Math.abs(degrees - reference.edf_mgcv[k])).toBeLessThan(1e-5)
    })
  })
})
