import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  AREA_STATUSES,
  type Area,
  type AreaResult,
  type AreasForm,
  type AreasOptions,
  areasDefaults,
  areasDigest,
  ExhaustionSums,
  InputError,
  ReweightProblem,
} from '../../ts/index.js'
import { catching } from './catching.js'
import { households, national } from './problems.js'

const data = national(1500, 16)
const weights = data.designWeights as Float64Array
const totals = data.targets.map(({ total }) => total)

/** Areas of different sizes whose totals differ from their shares by up to 3 %. */
function districts(number: number): Area[] {
  return Array.from({ length: number }, (_, a) => {
    const share = (1 + 0.5 * Math.sin(12.9898 * (a + 1))) / number
    return {
      key: `district ${a}`,
      weightScale: share,
      totals: totals.map((total, j) => total * share * (1 + 0.03 * Math.sin(12.9898 * (100 * a + j)))),
    }
  })
}

async function collect<F extends AreasForm>(
  problem: ReweightProblem,
  areas: readonly Area[],
  options: AreasOptions<F>,
) {
  const run = problem.solveAreas(areas, options)
  const results: AreaResult<F>[] = []
  for await (const area of run) results.push(area)
  results.sort((a, b) => a.round - b.round || a.index - b.index)
  return { results, summary: await run.summary() }
}

describe('solveAreas', () => {
  it.each(['penalty', 'bands', 'calibrate'] as const)(
    'gives the answers of the areas alone: %s',
    async (form) => {
      using problem = new ReweightProblem(data)
      const areas = districts(5)
      const { results, summary } = await collect(problem, areas, { form, threads: 2 })
      expect(results.map(({ key }) => key)).toEqual(areas.map(({ key }) => key))
      for (const { index, status, result, error, targets } of results) {
        const { weightScale = 1, totals } = areas[index]!
        using alone = new ReweightProblem({
          ...data,
          designWeights: weights.map((weight) => weightScale * weight),
          targets: data.targets.map((target, j) => ({ ...target, total: totals![j]! })),
        })
        const own =
          form === 'penalty'
            ? alone.solveSync()
            : form === 'bands'
              ? alone.solveBandsSync()
              : alone.calibrateSync()
        expect(status).toBe('converged')
        expect(result?.digest).toBe(own.digest)
        expect(result?.weights).toEqual(own.weights)
        expect(result?.targets).toEqual(own.targets)
        expect(error).toBeNull()
        expect(targets).toEqual(Uint32Array.from(data.targets.keys()))
        expect(summary.areas[index]?.digest).toBe(own.digest)
      }
      expect(summary.allConverged).toBe(true)
      expect(summary.statuses).toEqual({ converged: 5 })
      const backwards = await collect(problem, areas.toReversed(), { form, threads: 4 })
      expect(backwards.summary.digest).toBe(summary.digest)
      expect(backwards.summary.exhaustionByRecord).toEqual(summary.exhaustionByRecord)
      expect(areasDigest(backwards.summary.areas)).toBe(summary.digest)
    },
  )

  it('lets areas drop targets, take some records, and have bands and bounds of their own', async () => {
    using problem = new ReweightProblem(data)
    const records = Uint32Array.from({ length: 1000 }, (_, i) => i)
    const names = data.targets.map(({ name }) => name!)
    const share = weights.subarray(0, 1000).reduce((a, b) => a + b) / weights.reduce((a, b) => a + b)
    const area: Area = {
      key: 'north',
      records,
      totals: totals.map((total, j) => (j === 2 ? Number.NaN : total * share)),
      drop: [names[5]!, { match: 'no such target*', optional: true }],
      band: 0.02,
      overrides: [{ match: names[0]!, band: { absolute: 10 }, weight: 'hard' }],
      bounds: [new Float64Array(1000).fill(0.2), 5],
    }
    const { results } = await collect(problem, [area], { form: 'bands', bands: { tolerance: 1e-8 } })
    const { result, targets } = results[0]!
    expect([...targets]).toEqual(totals.flatMap((_, j) => (j === 2 || j === 5 ? [] : [j])))
    expect(result?.weights.length).toBe(1000)
    expect(result?.targets.map(({ name }) => name)).toEqual([...targets].map((j) => names[j]))
    const [first, second] = result!.targets
    expect(first!.upper - first!.target).toBeCloseTo(10)
    expect(second!.upper / second!.target).toBeCloseTo(1.02)
    expect(Math.min(...result!.multipliers)).toBeGreaterThanOrEqual(0.2)
  })

  it('goes on past an area that fails', async () => {
    using problem = new ReweightProblem(households)
    const areas: Area[] = [
      { key: 'contradiction', totals: [10, 900] },
      { key: 'nobody', records: Uint32Array.of(3), drop: ['households'] },
      { key: 'good', totals: [420, 400] },
    ]
    const { results, summary } = await collect(problem, areas, { form: 'bands', bands: { weight: 'hard' } })
    expect(results.map(({ status }) => status)).toEqual(['infeasible', 'impossible', 'converged'])
    expect(results[1]).toMatchObject({ result: null, error: null, message: AREA_STATUSES.impossible })
    expect(summary.allConverged).toBe(false)
    expect(summary.worst).toEqual([0, 1])
    const undefinedForm: Area = { key: 'undefined', totals: [400, Number.NaN], bounds: [2, 3] }
    const penalty = await collect(problem, [undefinedForm, areas[2]!], { form: 'penalty' })
    expect(penalty.results.map(({ status }) => status)).toEqual(['bad_input', 'converged'])
    expect(penalty.results[0]?.error).toBeInstanceOf(InputError)
  })

  it('keeps the exhaustion of every record below a cap', async () => {
    using problem = new ReweightProblem(data)
    const areas = districts(3)
    const free = await collect(problem, areas, { form: 'bands' })
    expect(free.summary.exhaustion.cap).toBeNull()
    const cap = (free.summary.exhaustion.maximum + 1) / 2
    const { results, summary } = await collect(problem, areas, { form: 'bands', exhaustionCap: cap })
    expect(summary.rounds).toBeGreaterThan(0)
    expect(summary.exhaustion).toMatchObject({ cap, numAboveCap: 0 })
    const sums = new ExhaustionSums(weights)
    for (const { round, result } of results) if (round === summary.rounds) sums.add(result!.weights)
    expect(sums.values()).toEqual(summary.exhaustionByRecord)
    expect(sums.table(cap)).toEqual(summary.exhaustion)
    expect(Math.max(...sums.values())).toBeLessThanOrEqual(cap * (1 + 1e-12))
  })

  it('does not run ahead of a slow consumer', async () => {
    using problem = new ReweightProblem(data)
    const started = vi.fn()
    const run = problem.solveAreas(districts(12), { form: 'bands', threads: 2, onProgress: started })
    const iterator = run[Symbol.asyncIterator]()
    await iterator.next()
    await sleep(300)
    // One was taken and one has been announced; the others of two threads wait unannounced.
    expect(started.mock.calls.length).toBeLessThanOrEqual(2)
    let rest = 0
    while (!(await iterator.next()).done) rest++
    expect(rest).toBe(11)
  })

  it('tells the progress of each area', async () => {
    using problem = new ReweightProblem(data)
    const progress: { done: number; total: number; key: string }[] = []
    const run = problem.solveAreas(districts(4), { form: 'bands', onProgress: (p) => progress.push(p) })
    const summary = await run.summary()
    expect(summary.statuses).toEqual({ converged: 4 })
    await sleep(0)
    expect(progress.map(({ done }) => done)).toEqual([1, 2, 3, 4])
    expect(progress.map(({ key }) => key).sort()).toEqual(summary.areas.map(({ key }) => key))
    expect(progress[0]).toMatchObject({ total: 4, round: 0, status: 'converged' })
  })

  it('ends when the loop is left, and sums up what was solved', async () => {
    using problem = new ReweightProblem(data)
    const run = problem.solveAreas(districts(20), { form: 'bands', threads: 1 })
    let seen = 0
    for await (const { status } of run) {
      expect(status).toBe('converged')
      if (++seen === 3) break
    }
    const { statuses, allConverged } = await run.summary()
    expect(allConverged).toBe(false)
    expect(statuses.not_solved).toBeGreaterThan(10)
    await expect(run[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError)
  })

  it('ends with its signal', async () => {
    using problem = new ReweightProblem(data)
    const controller = new AbortController()
    const run = problem.solveAreas(districts(20), { form: 'bands', threads: 1, signal: controller.signal })
    const statuses: string[] = []
    for await (const { status } of run) {
      statuses.push(status)
      if (statuses.length === 2) controller.abort()
    }
    expect(statuses.length).toBeLessThan(20)
    expect((await run.summary()).statuses.not_solved).toBe(20 - statuses.length)
    const reason = { why: 'not needed' }
    const signal = AbortSignal.abort(reason)
    expect(catching(() => problem.solveAreas(districts(2), { form: 'bands', signal }))).toBe(reason)
  })

  it('passes on what a listener or the loop throws', async () => {
    using problem = new ReweightProblem(data)
    const thrown = Object.freeze({ mine: true })
    const throwing = () => {
      throw thrown
    }
    const options = { form: 'bands', onProgress: throwing } as const
    await expect(collect(problem, districts(10), options)).rejects.toBe(thrown)
    await expect(problem.solveAreas(districts(10), options).summary()).rejects.toBe(thrown)
    const loop = async () => {
      for await (const _ of problem.solveAreas(districts(10), { form: 'bands' })) throw thrown
    }
    await expect(loop()).rejects.toBe(thrown)
  })

  it('keeps its data when the problem is disposed', async () => {
    const problem = new ReweightProblem(data)
    const run = problem.solveAreas(districts(3), { form: 'bands' })
    problem.dispose()
    expect((await run.summary()).statuses).toEqual({ converged: 3 })
    expect(catching(() => problem.solveAreas(districts(3), { form: 'bands' }))).toMatchObject({
      code: 'disposed',
    })
  })

  it('names the first fault before anything is solved', () => {
    using problem = new ReweightProblem(data)
    const bands = { form: 'bands' } as const
    const faults: [areas: unknown, options: unknown, code: string, path: string][] = [
      [[], bands, 'empty', 'areas'],
      [null, bands, 'wrong_type', 'areas'],
      [[{}], bands, 'wrong_type', 'areas[0].key'],
      [[{ key: 'a' }, { key: 'a' }], bands, 'duplicate', 'areas[1].key'],
      [[{ key: 'a', weight: 1 }], bands, 'unknown_option', 'areas[0].weight'],
      [[{ key: 'a', weightScale: -1 }], bands, 'out_of_range', 'areas[0].weightScale'],
      [[{ key: 'a', totals: [1] }], bands, 'dimension', 'areas[0].totals'],
      [[{ key: 'a', totals: totals.with(3, 1 / 0) }], bands, 'not_finite', 'areas[0].totals[3]'],
      [[{ key: 'a', totals: totals.map(() => Number.NaN) }], bands, 'empty', 'areas[0].totals'],
      [[{ key: 'a', totals: [...totals.slice(1), '7'] }], bands, 'wrong_type', 'areas[0].totals[15]'],
      [[{ key: 'a', drop: ['nobody'] }], bands, 'empty', 'areas[0].drop[0]'],
      [[{ key: 'a', drop: [7] }], bands, 'wrong_type', 'areas[0].drop[0]'],
      [[{ key: 'a', band: -0.1 }], bands, 'out_of_range', 'areas[0].band'],
      [[{ key: 'a', overrides: [{ match: 'nobody' }] }], bands, 'empty', 'areas[0].overrides[0].match'],
      [
        [{ key: 'a', overrides: [{ match: '*', weight: 'soft' }] }],
        bands,
        'out_of_range',
        'areas[0].overrides[0].weight',
      ],
      [[{ key: 'a', bounds: [2, 1] }], bands, 'out_of_range', 'areas[0].bounds[0]'],
      [[{ key: 'a', bounds: [0, [1, 1]] }], bands, 'dimension', 'areas[0].bounds[1]'],
      [[{ key: 'a', records: [1] }], bands, 'wrong_type', 'areas[0].records'],
      [[{ key: 'a', records: Uint32Array.of(2, 1) }], bands, 'out_of_range', 'areas[0].records[1]'],
      [[{ key: 'a', records: Uint32Array.of(1500) }], bands, 'out_of_range', 'areas[0].records[0]'],
      [districts(2), {}, 'wrong_type', 'form'],
      [districts(2), { form: 'constructor' }, 'wrong_type', 'form'],
      [districts(2), { ...bands, cap: 1 }, 'unknown_option', 'options.cap'],
      [districts(2), { ...bands, penalty: {} }, 'conflict', 'penalty'],
      [
        districts(2),
        { form: 'penalty', penalty: { startDual: totals } },
        'out_of_range',
        'penalty.startDual',
      ],
      [districts(2), { ...bands, bands: { tolerance: 0 } }, 'out_of_range', 'bands.tolerance'],
      [districts(2), { ...bands, bands: { tolerance: '1' } }, 'wrong_type', 'bands.tolerance'],
      [districts(2), { ...bands, bands: { penalty: 1 } }, 'unknown_option', 'bands.penalty'],
      [districts(2), { ...bands, bands: { method: 'newton' } }, 'out_of_range', 'bands.method'],
      [districts(2), { form: 'calibrate', calibration: { alpha: 1 } }, 'conflict', 'calibration.alpha'],
      [districts(2), { form: 'calibrate', exhaustionCap: 2 }, 'out_of_range', 'exhaustionCap'],
      [districts(2), { ...bands, exhaustionCap: 0.01 }, 'out_of_range', 'exhaustionCap'],
      [districts(2), { ...bands, maxRounds: 0 }, 'out_of_range', 'maxRounds'],
      [districts(2), { ...bands, missTolerance: -1 }, 'out_of_range', 'missTolerance'],
      [districts(2), { ...bands, threads: 5000 }, 'out_of_range', 'threads'],
      [districts(2), { ...bands, onProgress: 1 }, 'wrong_type', 'onProgress'],
    ]
    for (const [areas, options, code, path] of faults) {
      const error = catching(() => problem.solveAreas(areas as Area[], options as AreasOptions))
      expect(error, path).toBeInstanceOf(InputError)
      expect({ code: (error as InputError).code, path: (error as InputError).path }).toEqual({ code, path })
    }
  })
})

it('areasDefaults has what solveAreas uses', async () => {
  const { exhaustionCap, ...defaults } = areasDefaults()
  expect(exhaustionCap).toBeNull()
  using problem = new ReweightProblem(data)
  const implied = await problem.solveAreas(districts(2), { form: 'bands' }).summary()
  const explicit = await problem.solveAreas(districts(2), { form: 'bands', ...defaults }).summary()
  expect({ ...explicit, seconds: 0, areas: [] }).toEqual({ ...implied, seconds: 0, areas: [] })
})

it('ExhaustionSums names what is wrong', () => {
  expect(catching(() => new ExhaustionSums([1, -1]))).toMatchObject({ path: 'designWeights[1]' })
  const sums = new ExhaustionSums([1, 2])
  expect(catching(() => sums.add([1]))).toMatchObject({ code: 'dimension', path: 'weights' })
  expect(catching(() => sums.add([1], Uint32Array.of(2)))).toMatchObject({ path: 'records[0]' })
  expect(catching(() => sums.add([1, Number.NaN]))).toMatchObject({ path: 'weights[1]' })
  sums.add([3], Uint32Array.of(1))
  sums.add([1, 1])
  expect(sums.values()).toEqual(Float64Array.of(1, 2))
})
