import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { digest, minimizeOuter, minimizeOuterSync, type OuterOptions } from '../../ts/index.js'
import { quadratic, rosenbrock, withGradient, withHessian } from './problems.js'

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'equipoise-cache-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const start = { initialRho: [-1.2, 1] }

describe('a cache in a folder', () => {
  it('gives the answer of an earlier run back, once its value was checked', async () => {
    const cache = { directory: scratch(), key: 'banana, version 1' }
    const first = await minimizeOuter(withGradient(rosenbrock), { ...start, cache })
    expect(first.cache).toMatchObject({ outcome: 'miss', saved: true })
    let evaluations = 0
    const counted = withGradient((theta) => {
      evaluations++
      return rosenbrock(theta)
    })
    const again = await minimizeOuter(counted, { ...start, cache, uncertainty: { enabled: false } })
    expect(again).toMatchObject({ stopReason: 'cachedFinal', converged: true, iterations: 0 })
    expect(again.cache).toMatchObject({ outcome: 'exactFinal' })
    expect([...again.rho]).toEqual([...first.rho])
    expect(evaluations).toBeLessThan(5)
    const other = minimizeOuterSync(counted, { ...start, cache: { ...cache, key: 'another' } })
    expect(other.cache).toMatchObject({ outcome: 'miss' })
  })

  it('goes on where an interrupted run was', () => {
    const cache = { directory: scratch(), key: 'interrupted' }
    let evaluations = 0
    const dying = withGradient((theta) => {
      if (++evaluations === 25) throw new Error('killed')
      return rosenbrock(theta)
    })
    expect(() => minimizeOuterSync(dying, { ...start, cache })).toThrow('killed')
    const resumed = minimizeOuterSync(withGradient(rosenbrock), { ...start, cache })
    expect(resumed.cache).toMatchObject({ outcome: 'seed' })
    expect(resumed.converged).toBe(true)
    expect(resumed.path[0]!.value).toBeLessThan(rosenbrock(Float64Array.of(-1.2, 1)).value)
  })

  it('counts what is corrupt as a miss, with the reason', () => {
    const directory = scratch()
    const cache = { directory, key: 'corrupt' }
    minimizeOuterSync(withGradient(rosenbrock), { ...start, cache })
    for (const file of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) writeFileSync(join(file.parentPath, file.name), 'not an entry')
    }
    const answer = minimizeOuterSync(withGradient(rosenbrock), { ...start, cache })
    expect(answer.cache).toMatchObject({ outcome: 'miss', saved: true })
    expect(answer.cache!.reason).toBeTruthy()
    expect(answer.converged).toBe(true)
  })

  it('starts from a model like this one, and writes to mirrors', () => {
    const [directory, mirror] = [scratch(), scratch()]
    const objective = withGradient(rosenbrock)
    minimizeOuterSync(objective, {
      ...start,
      cache: { directory, key: 'old', mirrors: [{ directory: mirror, key: 'old' }] },
    })
    const near = minimizeOuterSync(objective, { ...start, cache: { directory, key: 'new', nearKey: 'old' } })
    expect(near.cache).toMatchObject({ outcome: 'seed' })
    const mirrored = minimizeOuterSync(objective, { ...start, cache: { directory: mirror, key: 'old' } })
    expect(mirrored.cache).toMatchObject({ outcome: 'exactFinal' })
  })

  const directory = join(tmpdir(), 'equipoise-never')
  const wrong: [string, unknown, string, string][] = [
    ['no directory', { key: 'k' }, 'wrong_type', 'cache.directory'],
    ['no key', { directory }, 'wrong_type', 'cache.key'],
    ['an empty key', { directory: tmpdir(), key: '' }, 'empty', 'cache.key'],
    ['a file for a folder', { directory: import.meta.filename, key: 'k' }, 'file', 'cache.directory'],
    ['an age of 0', { directory, key: 'k', timeToLiveSeconds: 0 }, 'out_of_range', 'cache.timeToLiveSeconds'],
    ['no room', { directory, key: 'k', sizeBudgetBytes: 0 }, 'out_of_range', 'cache.sizeBudgetBytes'],
    ['an unknown part', { directory, key: 'k', path: 'x' }, 'unknown_option', 'cache.path'],
    [
      'a mirror that is none',
      { directory, key: 'k', mirrors: [{}] },
      'wrong_type',
      'cache.mirrors[0].directory',
    ],
  ]
  it.each(wrong)('that has %s is refused', (_, cache, code, path) => {
    const options = { ...start, cache } as OuterOptions
    expect(() => minimizeOuterSync(withGradient(rosenbrock), options)).toThrow(
      expect.objectContaining({ code, path }),
    )
  })
})

describe('canonical keys', () => {
  it('make the order in which terms were written change no bit', () => {
    const [centre, weights] = [
      [0.5, -1.25, 2, 0.75],
      [1, 7, 30, 3],
    ]
    const keys = centre.map((c, i) => digest([c, weights[i]!]))
    const solve = (order: number[]) => {
      const pick = <T>(values: readonly T[]) => order.map((i) => values[i]!)
      const answer = minimizeOuterSync(withHessian(quadratic(pick(centre), pick(weights))), {
        numParams: 4,
        canonicalKeys: pick(keys),
      })
      expect(answer.converged).toBe(true)
      const native = new Float64Array(4)
      for (const [k, i] of order.entries()) native[i] = answer.rho[k]!
      return { rho: [...native], iterations: answer.iterations }
    }
    const written = solve([0, 1, 2, 3])
    for (const order of [
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ])
      expect(solve(order).rho).toEqual(written.rho)
  })

  it.each([
    [['x', 'y'], 'wrong_type', 'canonicalKeys[0]'],
    [[1n, -1n], 'wrong_type', 'canonicalKeys[1]'],
    [[1n], 'dimension', 'rhoCanonicalKeys'],
    ['keys', 'wrong_type', 'canonicalKeys'],
  ])('%s are refused', (canonicalKeys, code, path) => {
    const options = { ...start, canonicalKeys } as never
    expect(() => minimizeOuterSync(withGradient(rosenbrock), options)).toThrow(
      expect.objectContaining({ code, path }),
    )
  })
})

describe('the uncertainty of an answer', () => {
  it('is assessed by draws, the same on both threads, unless it is switched off', async () => {
    const objective = withHessian(quadratic([0.3, -0.7], [40, 60]))
    const options = { numParams: 2, problemSize: { numObservations: 40, numCoefficients: 8 } }
    const answer = minimizeOuterSync(objective, options)
    expect(answer.uncertainty).toMatchObject({ verdict: 'noEvidenceOfHeavyTails', coordinates: [0, 1] })
    const errors = answer.uncertainty!.standardErrors
    expect(errors[0]).toBeCloseTo(1 / Math.sqrt(40), 6)
    expect(errors[1]).toBeCloseTo(1 / Math.sqrt(60), 6)
    expect((await minimizeOuter(objective, options)).uncertainty).toEqual(answer.uncertainty)
    const off = minimizeOuterSync(objective, { ...options, uncertainty: { enabled: false } })
    expect(off.uncertainty).toMatchObject({ verdict: 'skipped', numDraws: 0 })
    expect(off.digest).toBe(answer.digest)
  })

  it('has options that are checked', () => {
    const options = { ...start, uncertainty: { numDraws: 2_000_000 } }
    expect(() => minimizeOuterSync(withGradient(rosenbrock), options)).toThrow(
      expect.objectContaining({ code: 'out_of_range', path: 'uncertainty.numDraws' }),
    )
  })
})
