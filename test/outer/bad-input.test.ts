import { describe, expect, it } from 'vitest'
import {
  InputError,
  minimizeOuter,
  minimizeOuterSync,
  type OuterObjective,
  type OuterOptions,
  OuterSearchError,
} from '../../ts/index.js'
import { quadratic, withGradient, withHessian } from './problems.js'

const sound = withGradient(quadratic([0, 0], [1, 1]))
const two = { initialRho: [1, 1] }

/** [what is wrong, options, objective, code, path] */
const wrong: [string, OuterOptions, Partial<OuterObjective>, string, string][] = [
  ['no number of parameters', {}, {}, 'conflict', 'numParams'],
  ['half a parameter', { numParams: 1.5 }, {}, 'out_of_range', 'numParams'],
  ['a short start', { numParams: 3, ...two }, {}, 'dimension', 'initialRho'],
  ['a start that is NaN', { initialRho: [0, Number.NaN] }, {}, 'not_finite', 'initialRho[1]'],
  ['a start of strings', { initialRho: ['0'] as never }, {}, 'wrong_type', 'initialRho[0]'],
  ['a short anchor', { ...two, heuristic: [1] }, {}, 'dimension', 'heuristic'],
  ['bounds that are no pair', { ...two, bounds: [1] as never }, {}, 'wrong_type', 'bounds'],
  ['short bounds', { ...two, bounds: [[0], 1] }, {}, 'dimension', 'bounds[0]'],
  ['a NaN bound', { ...two, bounds: [0, [1, Number.NaN]] }, {}, 'not_finite', 'bounds[1][1]'],
  ['crossed bounds', { ...two, bounds: [[0, 2], 1] }, {}, 'out_of_range', 'bounds[0][1]'],
  ['more ψ than parameters', { ...two, psiDim: 3 }, {}, 'out_of_range', 'psiDim'],
  ['a tolerance of 0', { ...two, tolerance: 0 }, {}, 'out_of_range', 'tolerance'],
  ['a NaN tolerance', { ...two, tolerance: Number.NaN }, {}, 'out_of_range', 'tolerance'],
  ['a negative tolerance', { ...two, relCostTolerance: -1 }, {}, 'out_of_range', 'relCostTolerance'],
  ['no iterations', { ...two, maxIter: 0 }, {}, 'out_of_range', 'maxIter'],
  ['a text for a number', { ...two, rhoBound: '3' as never }, {}, 'wrong_type', 'rhoBound'],
  ['a step cap of 0', { ...two, bfgsStepCap: 0 }, {}, 'out_of_range', 'bfgsStepCap'],
  ['an unknown policy', { ...two, fallbackPolicy: 'never' as never }, {}, 'out_of_range', 'fallbackPolicy'],
  ['an unknown option', { ...two, tolerence: 1 } as never, {}, 'unknown_option', 'options.tolerence'],
  [
    'an unknown profile',
    { ...two, seedConfig: { riskProfile: 'x' as never } },
    {},
    'out_of_range',
    'seedConfig.riskProfile',
  ],
  [
    'a NaN seed bound',
    { ...two, seedConfig: { bounds: [Number.NaN, 1] } },
    {},
    'not_finite',
    'seedConfig.bounds[0]',
  ],
  [
    'an unknown seed option',
    { ...two, seedConfig: { seeds: 1 } as never },
    {},
    'unknown_option',
    'seedConfig.seeds',
  ],
  ['an axis too far', { ...two, borderAxes: [2] }, {}, 'out_of_range', 'borderAxes'],
  ['a listener that is none', { ...two, onEvent: 3 as never }, {}, 'wrong_type', 'onEvent'],
  ['a signal that is none', { ...two, signal: {} as never }, {}, 'wrong_type', 'signal'],
  ['no evaluate', two, { evaluate: undefined as never }, 'wrong_type', 'objective.evaluate'],
  ['an unknown part', two, { evaluat: () => 0 } as never, 'unknown_option', 'objective.evaluat'],
  ['a gradient of a kind unknown', two, { gradient: 'yes' as never }, 'out_of_range', 'objective.gradient'],
  ['a Hessian of a form unknown', two, { hessian: 'sparse' as never }, 'out_of_range', 'objective.hessian'],
  [
    'a Hessian without a gradient',
    two,
    { gradient: 'unavailable', hessian: 'dense' },
    'out_of_range',
    'capability.hessian',
  ],
  [
    'a barrier of weight 0',
    two,
    { barrier: { tau: 0, constrainedIndices: [0], lowerBounds: [0] } },
    'out_of_range',
    'barrier.tau',
  ],
  [
    'a barrier without its bounds',
    two,
    { barrier: { constrainedIndices: [0, 1], lowerBounds: [0] } },
    'dimension',
    'barrier.lowerBounds',
  ],
]

describe('wrong input is a typed error that names the place, before any evaluation', () => {
  it.each(wrong)('%s', async (_, options, change, code, path) => {
    let evaluations = 0
    const evaluate = (theta: Float64Array) => {
      evaluations++
      return quadratic([0, 0], [1, 1])(theta)
    }
    const objective = { ...sound, evaluate, ...change } as OuterObjective
    const run = async () => minimizeOuter(objective, options)
    await expect(run()).rejects.toBeInstanceOf(InputError)
    await expect(run()).rejects.toMatchObject({ code, path })
    if (!('signal' in options)) {
      expect(() => minimizeOuterSync(objective, options)).toThrow(expect.objectContaining({ code, path }))
    }
    expect(evaluations).toBe(0)
  })

  it('an objective that is none', async () => {
    for (const objective of [undefined, null, 3, () => 0]) {
      await expect(minimizeOuter(objective as never, two)).rejects.toMatchObject({ path: /objective/ })
    }
  })
})

describe('no usable plan', () => {
  it('is an error of its own, before any evaluation', async () => {
    const objective: OuterObjective = { evaluate: () => expect.unreachable() }
    const error = await minimizeOuter(objective, two).catch((reason) => reason)
    expect(error).toBeInstanceOf(OuterSearchError)
    expect(error).toMatchObject({ code: 'no_plan', message: /no usable plan for 2 parameters/ })
  })
})

describe('an evaluation of the wrong kind ends the run with an error that names it', () => {
  const kinds: [string, unknown, string][] = [
    ['nothing', undefined, 'evaluate()'],
    ['a text', '1', 'evaluate()'],
    ['a record without a value', { gradient: [0, 0] }, 'evaluate().value'],
    ['a value that is a text', { value: '1' }, 'evaluate().value'],
    ['a gradient that is a number', { value: 1, gradient: 1 }, 'evaluate().gradient'],
    ['a gradient with a text', { value: 1, gradient: [0, '1'] }, 'evaluate().gradient[1]'],
    [
      'a Hessian with a text',
      {
        value: 1,
        gradient: [0, 0],
        hessian: [
          [1, 0],
          [0, 'x'],
        ],
      },
      'evaluate().hessian[1][1]',
    ],
  ]
  it.each(kinds)('%s', async (_, evaluation, path) => {
    const objective = withHessian(() => evaluation as never)
    expect(() => minimizeOuterSync(objective, two)).toThrow(
      expect.objectContaining({ code: 'wrong_type', path }),
    )
    await expect(minimizeOuter(objective, two)).rejects.toMatchObject({ code: 'wrong_type', path })
  })
})

describe('an evaluation with wrong numbers fails its start, with the reason', () => {
  const right = quadratic([0, 0], [1, 1])
  const numbers: [string, OuterObjective, RegExp][] = [
    [
      'a NaN value',
      withGradient((theta) => ({ ...right(theta), value: Number.NaN })),
      /not finite|NaN|finite/i,
    ],
    ['a short gradient', withGradient((theta) => ({ ...right(theta), gradient: [1] })), /gradient/i],
    ['no gradient', withGradient((theta) => right(theta).value), /gradient/i],
    [
      'a NaN gradient',
      withGradient((theta) => ({ ...right(theta), gradient: [0, Number.NaN] })),
      /gradient/i,
    ],
    ['a short Hessian', withHessian((theta) => ({ ...right(theta), hessian: [1] })), /hessian/i],
    [
      'a NaN Hessian',
      withHessian((theta) => ({ ...right(theta), hessian: [1, 0, 0, Number.NaN] })),
      /hessian/i,
    ],
    [
      'an asymmetric Hessian',
      withHessian((theta) => ({ ...right(theta), hessian: [1, 2, 0, 1] })),
      /hessian/i,
    ],
    [
      'an operator of another dimension',
      {
        ...withHessian((theta) => ({ ...right(theta), hessian: { dimension: 3, product: (v) => v } })),
        hessian: 'operator',
      },
      /dimension|hessian/i,
    ],
  ]
  it.each(numbers)('%s', async (_, objective, reason) => {
    const error = await minimizeOuter(objective, two).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(OuterSearchError)
    expect(error.code).toBe('seeds')
    for (const rejection of error.seeds.rejections) expect(rejection.reason).toMatch(reason)
  })
})
