import { describe, expect, it } from 'vitest'
import {
  InputError,
  type MinimalSet,
  type Relaxation,
  ReweightProblem,
  type SolverEvent,
} from '../../ts/index.js'
import { areas, survey, surveyCase, travelProblem, travelReference, travelSurvey } from './cases.js'
import { households, reachable } from './problems.js'

/** The first two targets count the same households apart and together: 60 + 60 within 100. */
const classes = {
  matrix: {
    format: 'columns',
    columns: [
      [1, 0, 0],
      [0, 1, 1],
      [1, 1, 1],
    ],
  },
  designWeights: [50, 25, 25],
  targets: [
    { name: 'urban', total: 60 },
    { name: 'rural', total: 60 },
    { name: 'all', total: 100 },
  ],
} as const

const namesOf = (set: MinimalSet) => set.members.map((member) => member.name)

describe('an explanation', () => {
  it('names a minimal set, its combination, and the cheapest ways out', async () => {
    using problem = new ReweightProblem(classes)
    const why = await problem.explainBands({ band: 0.01, weight: 'hard' })
    expect(why).toMatchObject({ status: 'infeasible', allSets: true })
    expect(why.minimalSets.map(namesOf)).toEqual([['urban', 'rural', 'all']])
    const [set] = why.minimalSets
    expect(set!.members.map(({ side, edge }) => [side, edge])).toEqual([
      ['lower', expect.closeTo(59.4, 9)],
      ['lower', expect.closeTo(59.4, 9)],
      ['upper', expect.closeTo(101, 9)],
    ])
    expect(set!.minimal).toBe(true)
    expect(set!.required - set!.attainable).toBeGreaterThanOrEqual(set!.gap)
    expect(set!.gap).toBeGreaterThan(0)
    expect(set!.sentence).toMatch(/urban \+ rural − all must be at least 17\.8/)
    expect(why.message).toContain(set!.sentence)
    expect(why.combination).toHaveLength(3)
    expect(why.removal).toHaveLength(1)
    // The proof is good for the certificate's own check too: its opposite is the direction.
    const direction = why.combination!.map((y) => -y)
    expect(problem.certifyBandInfeasibility(direction, { band: 0.01, weight: 'hard' })).toBeGreaterThan(0)
    // 17.8 of the 100 is less than 17.8 of a 60.
    const least = why.relaxations.find(({ kind }) => kind === 'least_sum')!
    expect(least.changes).toMatchObject([{ name: 'all', side: 'upper' }])
    expect(least.cost).toBeCloseTo(0.178, 6)
    expect(least.costAtLeast).toBeLessThanOrEqual(least.cost)
    expect(least.sentence).toMatch(/all/)
    expectToHelp(problem, least)
    const single = why.relaxations.filter(({ kind }) => kind === 'one_target')
    expect(single.map(({ changes }) => changes[0]!.name).sort()).toEqual(['all', 'rural', 'urban'])
    expect(single.every((relaxation) => relaxation.set === 0)).toBe(true)
  })

  it('names the record whose bound stands in the way', async () => {
    using problem = new ReweightProblem({ ...households, bounds: [0.9, 1.1] })
    const why = await problem.explainCalibration({ distance: 'truncated' })
    const [set] = why.minimalSets
    expect(namesOf(set!)).toEqual(['children'])
    // Two children of each of 120 weigh more than one of each of 80.
    expect(set!.records.map(({ record, side, bound }) => [record, side, bound])).toEqual([
      [1, 'upper', 1.1],
      [2, 'upper', 1.1],
    ])
    expect(set!).toMatchObject({ numAtLower: 0, numAtUpper: 2 })
    expect(set!.attainable / set!.members[0]!.factor).toBeCloseTo(352, 9)
  })

  it('never accuses what can be met', async () => {
    using problem = new ReweightProblem(reachable(300, 20))
    for (const why of [
      await problem.explainBands({ weight: 'hard' }),
      await problem.explainCalibration({ distance: 'raking' }),
      await problem.explainCalibration({ distance: 'logit' }),
    ]) {
      expect(why).toMatchObject({
        status: 'feasible',
        minimalSets: [],
        relaxations: [],
        combination: null,
        removal: null,
      })
    }
  })

  it('speaks of the hard bands alone where some are elastic', async () => {
    using problem = new ReweightProblem(classes)
    const overrides = [{ match: 'all', weight: 1e6 }]
    expect(await problem.explainBands({ weight: 'hard', overrides })).toMatchObject({ status: 'feasible' })
    // Where none is hard, all are meant.
    expect(await problem.explainBands()).toMatchObject({ status: 'infeasible' })
  })

  it('answers to its signal, its listeners and its limits', async () => {
    using problem = new ReweightProblem(classes)
    const reason = new Error('not needed')
    const hard = { weight: 'hard' } as const
    await expect(problem.explainBands(hard, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const heard: string[] = []
    const events: SolverEvent[] = []
    const why = await problem.explainBands(hard, {
      onProgress: (record) => heard.push(record.method),
      onEvent: (event) => events.push(event),
    })
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.length).toBeLessThanOrEqual(why.questions)
    expect(new Set(heard)).toEqual(new Set(['explain']))
    const thrown = { a: 'value' }
    const onProgress = () => {
      throw thrown
    }
    await expect(problem.explainCalibration({ distance: 'raking' }, { onProgress })).rejects.toBe(thrown)
    const brief = await problem.explainBands(hard, { timeLimitSeconds: 1e-9 })
    expect(brief.minimalSets.every((set) => set.gap > 0)).toBe(true)
    const few = await problem.explainBands(hard, { relaxations: false, maxRecords: 1 })
    expect(few.relaxations).toEqual([])
    expect(few.minimalSets[0]!.records.length).toBeLessThanOrEqual(1)
    expect((await problem.explainBands(hard, { threads: 1 })).combination).toEqual(why.combination)
  })

  it('refuses wrong options, with their place', async () => {
    using problem = new ReweightProblem(classes)
    const cases: [bands: object, options: object, code: string, path: string][] = [
      [{}, { sets: 1 }, 'unknown_option', 'options.sets'],
      [{}, { maxSets: -1 }, 'out_of_range', 'maxSets'],
      [{}, { maxRecords: 0.5 }, 'out_of_range', 'maxRecords'],
      [{}, { relaxations: 'yes' }, 'wrong_type', 'relaxations'],
      [{}, { tolerance: 0 }, 'out_of_range', 'tolerance'],
      [{}, { timeLimitSeconds: Number.NaN }, 'not_finite', 'timeLimitSeconds'],
      [{}, { threads: 1e6 }, 'out_of_range', 'threads'],
      [{ band: -1 }, {}, 'out_of_range', 'band'],
      [{ onProgress() {} }, {}, 'unknown_option', 'options.onProgress'],
      [{ overrides: [{ match: 'x' }] }, {}, 'empty', 'overrides[0].match'],
    ]
    for (const [bands, options, code, path] of cases) {
      const error = await problem.explainBands(bands, options).catch((reason: unknown) => reason)
      expect(error, path).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, path })
    }
    const logit = problem.explainCalibration({ distance: 'logit', alpha: 1 })
    await expect(logit).rejects.toMatchObject({ code: 'conflict', path: 'alpha' })
  })
})

/** A little more than the change makes the hard bands possible, a little less leaves them a contradiction. */
function expectToHelp(problem: ReweightProblem, { changes }: Relaxation) {
  const rows = problem.solveBandsSync({ band: 0.01 }).targets
  const statusAt = (part: number) => {
    const overrides = changes.map(({ name, side, from, to }) => {
      const { lower, upper } = rows.find((row) => row.name === name)!
      return { match: name, band: { lower, upper, [side]: from + part * (to - from) } }
    })
    return problem.solveBandsSync({ band: 0.01, weight: 'hard', overrides }).status
  }
  expect(statusAt(1.0001)).toBe('converged')
  expect(statusAt(0.999)).toBe('infeasible')
}

describe('certifyCalibrationInfeasibility', () => {
  it('repeats the proof of a calibration, and takes nothing else for one', () => {
    using problem = new ReweightProblem({ ...households, bounds: [0.9, 1.1] })
    const options = { distance: 'truncated' } as const
    const { infeasibility } = problem.calibrateSync(options)
    expect(problem.certifyCalibrationInfeasibility(infeasibility!.combination, options)).toEqual(
      infeasibility,
    )
    expect(problem.certifyCalibrationInfeasibility([1, 0], options)).toBe(null)
    // Without bounds the same combination proves nothing.
    expect(problem.certifyCalibrationInfeasibility(infeasibility!.combination, {})).toBe(null)
    const short = () => problem.certifyCalibrationInfeasibility([1])
    expect(short).toThrow(expect.objectContaining({ code: 'dimension', path: 'combination' }))
  })
})

describe.runIf(travelSurvey)('the travel survey', () => {
  const controls: string[] = travelReference?.sets.controls

  it.each(areas)('area %i: PComm_o alone cannot be met within bands of 0.5 %', async (area) => {
    using problem = travelProblem(area, controls)
    const why = await problem.explainBands({ weight: 'hard' }, { relaxations: false })
    expect(why.status).toBe('infeasible')
    expect(why.minimalSets.map(namesOf)).toContainEqual(['PComm_o'])
    expect(why.removal).toEqual([controls.indexOf('PComm_o')])
    expect(why.message).toMatch(/PComm_o/)
  })

  it('independent_19 with logit: {PComm_o} is among the sets', async () => {
    using problem = travelProblem(4, travelReference.calibration.independent_19.targets)
    const why = await problem.explainCalibration({ distance: 'logit' }, { relaxations: false })
    expect(why.minimalSets.map(namesOf)).toContainEqual(['PComm_o'])
  })
})

describe.runIf(survey)('the films', () => {
  it('with limits that are too narrow have a minimal set, and a way out that helps', async () => {
    const { data, published } = surveyCase('movies_Linear')
    using problem = new ReweightProblem({ ...data, bounds: [0.6, 2] })
    const why = await problem.explainCalibration({ distance: 'truncated' })
    expect(why.status).toBe('infeasible')
    for (const set of why.minimalSets) {
      expect(set.minimal).toBe(true)
      // Any member may go, and the others can be met.
      for (const left of set.members) {
        const others = set.members.filter((member) => member !== left).map((member) => member.target)
        using rest = new ReweightProblem({
          ...data,
          bounds: [0.6, 2],
          matrix: { format: 'columns', columns: others.map((j) => published.A_rows[j]!) },
          targets: others.map((j) => data.targets[j]!),
        })
        expect(rest.calibrateSync({ distance: 'truncated' }).status).toBe('converged')
      }
    }
    expect(why.relaxations.length).toBeGreaterThan(0)
  })
})
