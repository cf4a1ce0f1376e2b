import { describe, expect, it } from 'vitest'
import { type BandOptions, InputError, ReweightProblem } from '../../ts/index.js'
import { catching } from './catching.js'
import { households } from './problems.js'

type Case = [what: string, options: unknown, code: string, path: string, received: string]

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
const override = (change: object) => ({ overrides: [{ match: '*' }, { match: 'children', ...change }] })

const cases: Case[] = [
  ['no object', 0.005, 'wrong_type', 'options', '0.005'],
  ['an unknown name', { bands: 0.005 }, 'unknown_option', 'options.bands', '"bands"'],
  ['an option of the penalty form', { penalty: 1 }, 'unknown_option', 'options.penalty', '"penalty"'],
  ['null', { band: null }, 'wrong_type', 'band', 'null'],
  ['a negative band', { band: -0.005 }, 'out_of_range', 'band', '-0.005'],
  ['a NaN band', { band: nan }, 'not_finite', 'band', 'NaN'],
  ['a band as text', { band: '0.5%' }, 'wrong_type', 'band', '"0.5%"'],
  ['a negative absolute band', { band: { absolute: -1 } }, 'out_of_range', 'band', '-1'],
  ['an absolute band that is no number', { band: { absolute: '1' } }, 'wrong_type', 'band.absolute', '"1"'],
  ['an infinite absolute band', { band: { absolute: infinity } }, 'not_finite', 'band', 'inf'],
  ['an unknown kind of band', { band: { relative: 1 } }, 'unknown_option', 'band.relative', '"relative"'],
  [
    'two kinds of band at once',
    { band: { absolute: 1, upper: 2 } },
    'unknown_option',
    'band.upper',
    '"upper"',
  ],
  ['a band with one edge', { band: { lower: 1 } }, 'wrong_type', 'band.upper', 'undefined'],
  ['a NaN edge', { band: { lower: 1, upper: nan } }, 'not_finite', 'band.upper', 'NaN'],
  ['crossed edges', { band: { lower: 2, upper: 1 } }, 'out_of_range', 'band.lower', '2'],
  ['a list as a band', { band: [1, 2] }, 'wrong_type', 'band', 'an object of class Array'],
  ['overrides that are no list', { overrides: {} }, 'wrong_type', 'overrides', 'an object'],
  ['an override that is no object', { overrides: ['*'] }, 'wrong_type', 'overrides[0]', '"*"'],
  ['an override of nothing', { overrides: [{}] }, 'wrong_type', 'overrides[0].match', 'undefined'],
  ['an unknown part of an override', override({ bnad: 1 }), 'unknown_option', 'overrides[1].bnad', '"bnad"'],
  ['a negative band of an override', override({ band: -1 }), 'out_of_range', 'overrides[1].band', '-1'],
  [
    'crossed edges of an override',
    override({ band: { lower: 2, upper: 1 } }),
    'out_of_range',
    'overrides[1].band.lower',
    '2',
  ],
  ['a weight of 0 in an override', override({ weight: 0 }), 'out_of_range', 'overrides[1].weight', '0'],
  [
    'a word for a weight in an override',
    override({ weight: 'soft' }),
    'out_of_range',
    'overrides[1].weight',
    '"soft"',
  ],
  ['optional that is no boolean', override({ optional: 1 }), 'wrong_type', 'overrides[1].optional', '1'],
  [
    'a pattern that matches nothing',
    override({ match: 'child' }),
    'empty',
    'overrides[1].match',
    '"child", which matches none',
  ],
  ['a negative tolerance of zero targets', { zeroTolerance: -1 }, 'out_of_range', 'zeroTolerance', '-1'],
  ['a weight of 0', { weight: 0 }, 'out_of_range', 'weight', '0'],
  ['an infinite weight', { weight: infinity }, 'not_finite', 'weight', 'inf'],
  ['a word for a weight', { weight: 'elastic' }, 'out_of_range', 'weight', '"elastic"'],
  ['a weight that is neither', { weight: true }, 'wrong_type', 'weight', 'true'],
  ['too few importances', { importance: [1] }, 'dimension', 'importance', 'length 1'],
  ['a negative importance', { importance: [1, -2] }, 'out_of_range', 'importance[1]', '-2'],
  ['a NaN importance', { importance: [nan, 1] }, 'not_finite', 'importance[0]', 'NaN'],
  ['too few distance weights', { distanceWeights: [1] }, 'dimension', 'distanceWeights', 'length 1'],
  ['a distance weight of 0', { distanceWeights: [1, 0, 1, 1] }, 'out_of_range', 'distanceWeights[1]', '0'],
  [
    'text among distance weights',
    { distanceWeights: [1, 1, '1', 1] },
    'wrong_type',
    'distanceWeights[2]',
    '"1"',
  ],
  ['an unknown method', { method: 'newton' }, 'out_of_range', 'method', '"newton"'],
  ['a method that is none', { method: 3 }, 'wrong_type', 'method', '3'],
  ['a tolerance of 0', { tolerance: 0 }, 'out_of_range', 'tolerance', '0'],
  ['a negative tolerance', { tolerance: -1 }, 'out_of_range', 'tolerance', '-1'],
  ['no iterations', { maxIterations: 0 }, 'out_of_range', 'maxIterations', '0'],
  ['half an iteration', { maxIterations: 0.5 }, 'out_of_range', 'maxIterations', '0.5'],
  ['no time', { timeLimitSeconds: 0 }, 'out_of_range', 'timeLimitSeconds', '0'],
  ['an army of threads', { threads: 100_000 }, 'out_of_range', 'threads', '100000'],
]

describe('wrong options of bands', () => {
  it.each(cases)('%s', async (_, options, code, path, received) => {
    using problem = new ReweightProblem(households)
    const thrown = catching(() => problem.solveBandsSync(options as BandOptions))
    const rejected = await problem.solveBands(options as BandOptions).catch((error: unknown) => error)
    for (const error of [thrown, rejected]) {
      expect(error).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, path, received })
    }
  })

  it('of the wrong kind for listeners and signals', async () => {
    using problem = new ReweightProblem(households)
    for (const [name, value] of Object.entries({ onProgress: 1, onEvent: {}, signal: 'abort' })) {
      await expect(problem.solveBands({ [name]: value })).rejects.toMatchObject({
        code: 'wrong_type',
        path: name,
      })
      expect(catching(() => problem.solveBandsSync({ [name]: value } as object))).toMatchObject({
        code: 'unknown_option',
      })
    }
  })

  it('leave a total of 0 without a band that says something there', () => {
    using problem = new ReweightProblem({
      ...households,
      targets: [
        { name: 'households', total: 420 },
        { name: 'children', total: 0 },
      ],
    })
    expect(catching(() => problem.solveBandsSync())).toMatchObject({
      code: 'out_of_range',
      path: 'targets[1].tolerance',
      received: 'a relative one for target "children"',
    })
    const [, byDefault] = problem.solveBandsSync({ zeroTolerance: 3 }).targets
    expect([byDefault!.lower, byDefault!.upper]).toEqual([-3, 3])
    const overrides = [{ match: 'children', band: { absolute: 2 } }]
    const [, byName] = problem.solveBandsSync({ overrides }).targets
    expect([byName!.lower, byName!.upper]).toEqual([-2, 2])
  })
})
