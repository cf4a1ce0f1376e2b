import { describe, expect, it } from 'vitest'
import { type CalibrationOptions, InputError, type ReweightData, ReweightProblem } from '../../ts/index.js'
import { catching } from './catching.js'
import { households } from './problems.js'

type Case = [
  what: string,
  options: unknown,
  code: string,
  path: string,
  received: string,
  change?: Partial<ReweightData>,
]

const { NaN: nan, NEGATIVE_INFINITY: minusInfinity } = Number

const cases: Case[] = [
  ['no object', 'raking', 'wrong_type', 'options', '"raking"'],
  ['an unknown name', { distnace: 'raking' }, 'unknown_option', 'options.distnace', '"distnace"'],
  ['an option of the band form', { band: 0.005 }, 'unknown_option', 'options.band', '"band"'],
  ['an unknown distance', { distance: 'euclid' }, 'out_of_range', 'distance', '"euclid"'],
  ['a distance that is none', { distance: 2 }, 'wrong_type', 'distance', '2'],
  ['null', { distance: null }, 'wrong_type', 'distance', 'null'],
  ['alpha of another distance', { distance: 'raking', alpha: 1 }, 'conflict', 'alpha', '1'],
  ['alpha alone', { alpha: 2 }, 'conflict', 'alpha', '2'],
  ['an alpha of 0', { distance: 'sinh', alpha: 0 }, 'out_of_range', 'alpha', '0'],
  ['a NaN alpha', { distance: 'sinh', alpha: nan }, 'not_finite', 'alpha', 'NaN'],
  ['an alpha as text', { distance: 'sinh', alpha: '1' }, 'wrong_type', 'alpha', '"1"'],
  ['too few q-weights', { qWeights: [1, 1] }, 'dimension', 'qWeights', 'length 2'],
  ['a q-weight of 0', { qWeights: [1, 1, 1, 0] }, 'out_of_range', 'qWeights[3]', '0'],
  ['a NaN q-weight', { qWeights: Float64Array.of(nan, 1, 1, 1) }, 'not_finite', 'qWeights[0]', 'NaN'],
  ['too few clusters', { clusters: [1, 2, 3] }, 'dimension', 'clusters', 'length 3'],
  ['half a cluster', { clusters: [1, 2, 2.5, 3] }, 'out_of_range', 'clusters[2]', '2.5'],
  ['a negative cluster', { clusters: [1, 2, 3, -4] }, 'out_of_range', 'clusters[3]', '-4'],
  ['a NaN cluster', { clusters: [nan, 2, 3, 4] }, 'not_finite', 'clusters[0]', 'NaN'],
  ['a cluster as text', { clusters: [1, 'a', 2, 3] }, 'wrong_type', 'clusters[1]', '"a"'],
  ['clusters that are none', { clusters: 4 }, 'wrong_type', 'clusters', '4'],
  [
    'a cluster with two design weights',
    { clusters: Uint32Array.of(7, 7, 1, 2) },
    'out_of_range',
    'designWeights[1]',
    '120',
  ],
  [
    'a cluster with two pairs of bounds',
    { distance: 'truncated', clusters: [5, 1, 2, 5] },
    'out_of_range',
    'bounds[0][3]',
    '[0.2, 10]',
    { bounds: [[0.1, 0.1, 0.1, 0.2], 10] },
  ],
  ['too few costs', { costs: [1] }, 'dimension', 'costs', 'length 1'],
  ['a cost of 0', { costs: [1, 0] }, 'out_of_range', 'costs[1]', '0'],
  ['a negative infinite cost', { costs: [minusInfinity, 1] }, 'out_of_range', 'costs[0]', '-inf'],
  ['a NaN cost', { costs: [1, nan] }, 'out_of_range', 'costs[1]', 'NaN'],
  [
    'logit with a lower bound of 1',
    { distance: 'logit' },
    'out_of_range',
    'bounds[0]',
    '1',
    { bounds: [1, 2] },
  ],
  [
    'logit with an upper bound below 1',
    { distance: 'logit' },
    'out_of_range',
    'bounds[1][2]',
    '0.9',
    { bounds: [0.5, [2, 2, 0.9, 2]] },
  ],
  ['a tolerance of 0', { tolerance: 0 }, 'out_of_range', 'tolerance', '0'],
  ['a negative tolerance', { tolerance: -1 }, 'out_of_range', 'tolerance', '-1'],
  ['no iterations', { maxIterations: 0 }, 'out_of_range', 'maxIterations', '0'],
  ['no time', { timeLimitSeconds: 0 }, 'out_of_range', 'timeLimitSeconds', '0'],
  ['an army of threads', { threads: 100_000 }, 'out_of_range', 'threads', '100000'],
]

describe('wrong options of a calibration', () => {
  it.each(cases)('%s', async (_, options, code, path, received, change = {}) => {
    using problem = new ReweightProblem({ ...households, ...change })
    const thrown = catching(() => problem.calibrateSync(options as CalibrationOptions))
    const rejected = await problem.calibrate(options as CalibrationOptions).catch((error: unknown) => error)
    for (const error of [thrown, rejected]) {
      expect(error).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, path, received })
    }
  })

  it('of the wrong kind for listeners and signals', async () => {
    using problem = new ReweightProblem(households)
    for (const [name, value] of Object.entries({ onProgress: 1, onEvent: {}, signal: 'abort' })) {
      await expect(problem.calibrate({ [name]: value })).rejects.toMatchObject({
        code: 'wrong_type',
        path: name,
      })
      expect(catching(() => problem.calibrateSync({ [name]: value } as object))).toMatchObject({
        code: 'unknown_option',
      })
    }
  })
})
