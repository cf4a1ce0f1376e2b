import { describe, expect, it } from 'vitest'
import {
  bandConfig,
  calibrationConfig,
  InputError,
  ReweightProblem,
  reweight,
  reweightConfig,
} from '../../ts/index.js'
import { households } from './problems.js'

const complete = () =>
  reweightConfig()
    .matrix(households.matrix)
    .designWeights(households.designWeights)
    .target('households', 420)
    .target('children', 400)

describe('reweightConfig', () => {
  it('builds what reweight takes', async () => {
    const { data, options } = complete()
      .bounds(0.5, [2, 2, 2, 3])
      .penalty(1e-3)
      .method('newton')
      .tolerance(1e-12)
      .maxIterations(50)
      .timeLimitSeconds(60)
      .threads(1)
      .build()
    expect(data).toEqual({ ...households, bounds: [0.5, [2, 2, 2, 3]] })
    expect(options).toEqual({
      penalty: 1e-3,
      method: 'newton',
      tolerance: 1e-12,
      maxIterations: 50,
      timeLimitSeconds: 60,
      threads: 1,
    })
    const answer = await reweight(data, options)
    expect(answer.status).toBe('converged')
    expect(answer.digest).toBe(
      (await reweight({ ...households, bounds: [0.5, [2, 2, 2, 3]] }, options)).digest,
    )
  })

  it('never changes: each step makes a new one', () => {
    const base = complete()
    const [loose, tight] = [base.penalty(1e-4), base.penalty(1).bounds(0.9, 1.1)]
    expect(base.build().options).toEqual({})
    expect(loose.build()).toEqual({ data: households, options: { penalty: 1e-4 } })
    expect(tight.build()).toEqual({ data: { ...households, bounds: [0.9, 1.1] }, options: { penalty: 1 } })
    expect(base.targets([{ total: 1 }]).target('b', 2, 5)).not.toBe(base)
    expect(base.build().data.targets).toHaveLength(2)
    expect(Object.isFrozen(base.build().data)).toBe(true)
    expect(Object.isFrozen(base.build().options)).toBe(true)
  })

  it('adds options to those that it has', () => {
    const onProgress = () => {}
    const { options } = complete()
      .penalty(1)
      .options({ onProgress, startDual: [0, 0] })
      .threads(2)
      .build()
    expect(options).toEqual({ penalty: 1, onProgress, startDual: [0, 0], threads: 2 })
  })

  it('refuses a wrong value when it is given', () => {
    const config = complete()
    const steps: [path: string, code: string, step: () => unknown][] = [
      ['penalty', 'out_of_range', () => config.penalty(-1)],
      ['penalty', 'wrong_type', () => config.penalty('1' as never)],
      ['method', 'out_of_range', () => config.method('simplex' as never)],
      ['tolerance', 'out_of_range', () => config.tolerance(0)],
      ['maxIterations', 'out_of_range', () => config.maxIterations(0)],
      ['timeLimitSeconds', 'out_of_range', () => config.timeLimitSeconds(-1)],
      ['threads', 'out_of_range', () => config.threads(1e6)],
      ['options.speed', 'unknown_option', () => config.options({ speed: 'high' } as object)],
      ['designWeights[1]', 'out_of_range', () => config.designWeights([1, -1])],
      ['bounds[0]', 'out_of_range', () => config.bounds(2, 1)],
      ['bounds[0][1]', 'out_of_range', () => config.bounds([0, 2], 1)],
      ['bounds[1]', 'dimension', () => config.bounds([0, 0], [1, 1, 1])],
      ['targets[2].total', 'singular', () => config.target('c', -1)],
      ['targets[2].name', 'duplicate', () => config.target('children', 3)],
      ['targets', 'empty', () => config.targets([])],
      ['targets[0].total', 'not_finite', () => config.targets([{ total: Number.NaN }])],
    ]
    for (const [path, code, step] of steps) {
      expect(step, path).toThrow(InputError)
      expect(step, path).toThrow(expect.objectContaining({ path, code }))
    }
  })

  it('refuses on build what does not fit together, and a matrix with faults', () => {
    const wrong = [
      ['targets', () => complete().target('c', 3).build()],
      ['matrix.columns[0]', () => complete().designWeights([1, 2]).build()],
      ['bounds[1]', () => complete().bounds(0, [1, 1]).build()],
      [
        'matrix.columns[1][0]',
        () =>
          complete()
            .matrix({
              format: 'columns',
              columns: [
                [1, 1, 1, 1],
                [Number.NaN, 1, 1, 1],
              ],
            })
            .build(),
      ],
    ] as const
    for (const [path, build] of wrong) expect(build).toThrow(expect.objectContaining({ path }))
  })

  it('does not compile before the required parts are there', () => {
    const partial = reweightConfig().designWeights([1]).penalty(1)
    // @ts-expect-error matrix and targets are missing
    expect(() => partial.build()).toThrow(InputError)
    // @ts-expect-error the matrix is missing
    expect(() => partial.target('a', 1).build()).toThrow(InputError)
  })
})

describe('bandConfig', () => {
  const complete = bandConfig()
    .matrix(households.matrix)
    .designWeights(households.designWeights)
    .targets(households.targets)

  it('builds what solveBands takes', () => {
    const { data, options } = complete
      .band(0.01)
      .override('house*', { weight: 'hard' })
      .override('children', { band: { absolute: 3 } })
      .weight(1e3)
      .method('proximal_newton')
      .tolerance(1e-12)
      .options({ importance: [1, 2] })
      .build()
    expect(data).toEqual(households)
    expect(options).toEqual({
      band: 0.01,
      overrides: [
        { match: 'house*', weight: 'hard' },
        { match: 'children', band: { absolute: 3 } },
      ],
      weight: 1e3,
      method: 'proximal_newton',
      tolerance: 1e-12,
      importance: [1, 2],
    })
    using problem = new ReweightProblem(data)
    expect(problem.solveBandsSync(options).status).toBe('converged')
  })

  it('refuses a wrong kind when it is given, a wrong value on build', () => {
    const given: [path: string, code: string, step: () => unknown][] = [
      ['band', 'wrong_type', () => complete.band('1%' as never)],
      ['overrides[0].weight', 'wrong_type', () => complete.override('*', { weight: null as never })],
      ['options.penalty', 'unknown_option', () => complete.options({ penalty: 1 } as object)],
    ]
    const built: typeof given = [
      ['band', 'out_of_range', () => complete.band(-1).build()],
      ['method', 'out_of_range', () => complete.method('newton' as never).build()],
      ['overrides[1].match', 'empty', () => complete.override('*', {}).override('x', {}).build()],
      ['importance', 'dimension', () => complete.options({ importance: [1] }).build()],
    ]
    for (const [path, code, step] of [...given, ...built]) {
      expect(step, path).toThrow(InputError)
      expect(step, path).toThrow(expect.objectContaining({ path, code }))
    }
  })

  it('has no options of other forms', () => {
    // @ts-expect-error the penalty form has a penalty
    expect(() => complete.penalty(1)).toThrow(InputError)
    // @ts-expect-error a calibration has a distance
    expect(() => complete.distance('raking')).toThrow(InputError)
    // @ts-expect-error the penalty form has no bands
    expect(() => reweightConfig().band(0.01)).toThrow(InputError)
  })
})

describe('calibrationConfig', () => {
  const complete = calibrationConfig()
    .matrix(households.matrix)
    .designWeights(households.designWeights)
    .targets(households.targets)

  it('builds what calibrate takes', () => {
    const { data, options } = complete
      .distance('sinh', 2)
      .clusters([0, 1, 2, 0])
      .costs([Number.POSITIVE_INFINITY, 5])
      .maxIterations(50)
      .build()
    expect(options).toEqual({
      distance: 'sinh',
      alpha: 2,
      clusters: [0, 1, 2, 0],
      costs: [Number.POSITIVE_INFINITY, 5],
      maxIterations: 50,
    })
    using problem = new ReweightProblem(data)
    expect(problem.calibrateSync(options).status).toBe('converged')
  })

  it('refuses on build what does not fit the problem', () => {
    const steps: [path: string, step: () => unknown][] = [
      ['clusters', () => complete.clusters([1]).build()],
      ['designWeights[1]', () => complete.clusters([1, 1, 2, 3]).build()],
      ['costs[0]', () => complete.costs([0, 1]).build()],
      ['bounds[0]', () => complete.distance('logit').bounds(1, 2).build()],
    ]
    for (const [path, step] of steps) expect(step, path).toThrow(expect.objectContaining({ path }))
    // @ts-expect-error a calibration has no choice of methods
    expect(() => complete.method('newton')).toThrow(expect.objectContaining({ code: 'unknown_option' }))
  })
})
