import { describe, expect, it } from 'vitest'
import { InputError, ReweightProblem, type Statistic, standardErrors } from '../../ts/index.js'
import { households, national } from './problems.js'

/** Leaves each of `groups` systematic groups out, in turn. */
function jackknife(weights: ArrayLike<number>, groups: number): Float64Array[] {
  const factor = groups / (groups - 1)
  return Array.from({ length: groups }, (_, r) =>
    Float64Array.from(weights, (w, i) => (i % groups === r ? 0 : w * factor)),
  )
}

describe('replicate weights', () => {
  it('are reweighted in every form, with zeros kept and the same bits for any number of threads', async () => {
    const data = national(2000, 20)
    using problem = new ReweightProblem(data)
    const columns = jackknife(data.designWeights, 8)
    const choices = [
      { form: 'penalty', penalty: { penalty: 1e-4 } },
      { form: 'bands', bands: { weight: 1e4 } },
      { form: 'calibrate', calibration: { distance: 'raking' } },
    ] as const
    for (const choice of choices) {
      const heard: number[] = []
      const onProgress = ({ index }: { index: number }) => heard.push(index)
      const batch = await problem.solveReplicates(columns, { ...choice, onProgress })
      expect(batch.numConverged).toBe(8)
      expect(batch.replicates.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      for (const { index, weights, numRecords, evidence, inputError } of batch.replicates) {
        expect(weights).toBeInstanceOf(Float64Array)
        expect(weights.filter((w, i) => (w === 0) === (i % 8 === index))).toHaveLength(2000)
        expect(numRecords).toBe(1750)
        expect([evidence, inputError]).toEqual([null, null])
      }
      const one = await problem.solveReplicates(columns, { ...choice, threads: 1 })
      expect(one.digest).toBe(batch.digest)
      expect(one.threads).toBe(1)
      for (const index of heard) expect(columns[index]).toBeDefined()
    }
  })

  it('give the classical errors: none for calibrated totals, N·s/√n where nothing is calibrated', async () => {
    const { replicates, weights } = await calibratedHouseholds()
    const statistics: Statistic[] = [
      { name: 'households', total: [1, 1, 1, 1] },
      { name: 'dogs', total: [1, 0, 1, 3] },
      { name: 'dogs per household', mean: [1, 0, 1, 3] },
      { numerator: [1, 0, 1, 3], denominator: [1, 1, 1, 1] },
    ]
    const { rows, numReplicates, leftOut } = standardErrors(weights, replicates, statistics, {
      method: 'jk1',
    })
    expect([numReplicates, leftOut]).toEqual([4, []])
    expect(rows[0]).toMatchObject({ name: 'households', undefined: [] })
    expect(rows[0]!.estimate).toBeCloseTo(420, 9)
    expect(rows[0]!.standardError).toBeLessThan(1e-10)
    expect(rows[1]!.standardError).toBeGreaterThan(10)
    expect(rows[3]!.name).toBe('statistic_3')
    expect(rows[3]!.standardError).toBe(rows[2]!.standardError)
    expect(rows[1]!.upper - rows[1]!.estimate).toBeCloseTo(1.959964 * rows[1]!.standardError, 3)

    const x = [3, 8, 1, 4]
    const plain = standardErrors([10, 10, 10, 10], jackknife([10, 10, 10, 10], 4), [{ total: x }], {
      method: 'jk1',
      degreesOfFreedom: 3,
    })
    const variance = x.map((v) => (v - 4) ** 2).reduce((a, b) => a + b) / 3
    expect(plain.rows[0]!.standardError).toBeCloseTo(40 * Math.sqrt(variance / 4), 10)
    expect(plain.quantile).toBeCloseTo(3.182446, 6)
  })

  it('survive one that has no answer, which is then missing', async () => {
    using problem = new ReweightProblem(households)
    const columns = jackknife(households.designWeights, 4)
    // Households without children cannot have 400 of them.
    columns[2] = Float64Array.of(100, 0, 0, 100)
    const batch = await problem.solveReplicates(columns, { form: 'calibrate' })
    expect(batch.replicates.map(({ status }) => status)).toEqual([
      ...['converged', 'converged', 'infeasible', 'converged'],
    ])
    expect(batch.replicates[2]!.message).toMatch(/children/)
    expect(batch.replicates[2]!.evidence).toMatchObject({ status: 'infeasible' })
    const { weights } = await problem.calibrate()
    const total = [{ total: [1, 0, 0, 1] }]
    expect(() => standardErrors(weights, batch.replicates, total, { method: 'jk1' })).toThrow(
      /replicates\[2\]/,
    )
    const found = standardErrors(weights, batch.replicates, total, { method: 'jk1', missing: 'leave_out' })
    expect([found.numReplicates, found.leftOut]).toEqual([3, [2]])
  })

  it('end when the signal or a listener says so', async () => {
    using problem = new ReweightProblem(households)
    const columns = jackknife(households.designWeights, 4)
    const aborted = { form: 'penalty', signal: AbortSignal.abort(new Error('enough')) } as const
    await expect(problem.solveReplicates(columns, aborted)).rejects.toThrow('enough')
    const stop = new Error('stop')
    const many = Array.from({ length: 3000 }, () => columns[0]!)
    const onProgress = () => {
      throw stop
    }
    await expect(problem.solveReplicates(many, { form: 'penalty', threads: 1, onProgress })).rejects.toBe(
      stop,
    )
  })

  it.each([
    [{ form: 'ridge' }, 'wrong_type', 'form'],
    [{ form: 'bands', penalty: {} }, 'conflict', 'penalty'],
    [{ form: 'bands', bands: 3 }, 'wrong_type', 'bands'],
    [{ form: 'bands', bands: { tolerance: 0 } }, 'out_of_range', 'tolerance'],
    [{ form: 'penalty', penalty: { signal: 1 } }, 'unknown_option', 'options.signal'],
    [{ form: 'penalty', threads: 5000 }, 'out_of_range', 'threads'],
    [{ form: 'penalty', replicas: 1 }, 'unknown_option', 'options.replicas'],
  ])('refuse the options %j', async (options, code, path) => {
    using problem = new ReweightProblem(households)
    const columns = [[1, 1, 1, 1]]
    await expect(problem.solveReplicates(columns, options as never)).rejects.toMatchObject({ code, path })
  })

  it.each([
    [[], 'empty', 'replicates'],
    ['none', 'wrong_type', 'replicates'],
    [[[1, 1]], 'dimension', 'replicates[0]'],
    [[[1, 1, '1', 1]], 'wrong_type', 'replicates[0][2]'],
    [[[1, 1, 1, -1]], 'out_of_range', 'replicates[0][3]'],
    [[[0, 0, 0, 0]], 'empty', 'replicates[0]'],
  ])('refuse the columns %j', async (columns, code, path) => {
    using problem = new ReweightProblem(households)
    const run = problem.solveReplicates(columns as never, { form: 'penalty' })
    await expect(run).rejects.toMatchObject({ code, path })
  })

  it.each([
    [[{ total: [1] }], { method: 'jk1' }, 'dimension', 'statistics[0].total'],
    [[{ total: [1, 1], mean: [1, 1] }], { method: 'jk1' }, 'wrong_type', 'statistics[0]'],
    [[{ numerator: [1, 1] }], { method: 'jk1' }, 'wrong_type', 'statistics[0]'],
    [[{ sum: [1, 1] }], { method: 'jk1' }, 'unknown_option', 'statistics[0].sum'],
    [[{ total: [1, 1] }], { method: 'jk2' }, 'out_of_range', 'method'],
    [[{ total: [1, 1] }], {}, 'wrong_type', 'method'],
    [[{ total: [1, 1] }], { method: 'jkn' }, 'empty', 'coefficients'],
    [[{ total: [1, 1] }], { method: 'fay' }, 'empty', 'rho'],
    [[{ total: [1, 1] }], { method: 'fay', rho: 1 }, 'out_of_range', 'rho'],
    [[{ total: [1, 1] }], { method: 'brr', rho: 0.5 }, 'conflict', 'rho'],
    [[{ total: [1, 1] }], { method: 'brr', centre: 'median' }, 'out_of_range', 'centre'],
    [[{ total: [1, 1] }], { method: 'brr', missing: 'ignore' }, 'out_of_range', 'missing'],
    [[{ total: [1, 1] }], { method: 'brr', confidenceLevel: 95 }, 'out_of_range', 'confidenceLevel'],
  ])('refuse the statistics %j with %j', (statistics, options, code, path) => {
    const call = () => standardErrors([1, 1], [[2, 0]], statistics as never, options as never)
    expect(call).toThrow(InputError)
    expect(call).toThrow(expect.objectContaining({ code, path }))
  })
})

async function calibratedHouseholds() {
  using problem = new ReweightProblem({
    matrix: { format: 'columns', columns: [[1, 1, 1, 1]] },
    designWeights: households.designWeights,
    targets: [{ name: 'households', total: 420 }],
  })
  const { weights } = await problem.calibrate()
  const columns = jackknife(households.designWeights, 4)
  const { replicates } = await problem.solveReplicates(columns, { form: 'calibrate' })
  return { weights, replicates }
}
