import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareWeights, ReweightProblem } from '../../ts/index.js'
import { national } from './problems.js'

describe('compareWeights', () => {
  it('agrees with the documented examples of numpy.allclose', () => {
    const allclose = (ours: number[], reference: number[]) => compareWeights(ours, reference).allclose
    expect(allclose([1e10, 1e-7], [1.00001e10, 1e-8])).toBe(false)
    expect(allclose([1e10, 1e-8], [1.00001e10, 1e-9])).toBe(true)
    expect(allclose([1e10, 1e-8], [1.0001e10, 1e-9])).toBe(false)
    expect(allclose([1, Number.NaN], [1, Number.NaN])).toBe(false)
    expect(allclose([Infinity, -Infinity], [Infinity, -Infinity])).toBe(true)
    expect(allclose([1], [Infinity])).toBe(false)
    expect(allclose([], [])).toBe(true)
  })

  it('agrees with the definition on any numbers', () => {
    const pair = fc.tuple(fc.double(), fc.oneof(fc.double(), fc.constantFrom(0, 1, Infinity, Number.NaN)))
    const tolerance = fc.double({ min: 0, max: 10, noNaN: true })
    fc.assert(
      fc.property(fc.array(pair), tolerance, tolerance, (pairs, rtol, atol) => {
        const [ours, reference] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)]
        const isClose = (a: number, b: number) =>
          a === b || (Number.isFinite(b) && Math.abs(a - b) <= atol + rtol * Math.abs(b))
        const outside = ours.filter((a, i) => !isClose(a, reference[i]!)).length
        const comparison = compareWeights(ours, reference, { rtol, atol })
        expect(comparison).toMatchObject({
          allclose: outside === 0,
          numOutside: outside,
          numRecords: pairs.length,
          referenceIsNotOptimal: pairs.length === 0 ? false : null,
        })
        expect(comparison.worst.length).toBeLessThanOrEqual(10)
      }),
    )
  })

  it('names the worst records and describes them', () => {
    const comparison = compareWeights([1, 2, 3], [1, 2.5, 30], { names: ['a', 'b', 'c'] })
    expect(comparison).toMatchObject({
      numOutside: 2,
      largestAbsoluteDifference: 27,
      largestRelativeDifference: 0.9,
      worst: [
        { record: 2, name: 'c', ours: 3, reference: 30, absoluteDifference: 27 },
        { record: 1, name: 'b', ours: 2, reference: 2.5, absoluteDifference: 0.5 },
      ],
    })
    expect(comparison.worst[0]!.allowed).toBeCloseTo(30e-5 + 1e-8, 15)
    expect(comparison.sentence).toMatch(
      /^2 of 3 records differ by more than .*; the largest difference is 2\.7/,
    )
    expect('name' in compareWeights([1], [2]).worst[0]!).toBe(false)
  })

  it('tells whose error a difference is, by what is certified', () => {
    using problem = new ReweightProblem(national(200, 15))
    const answer = problem.solveSync()
    const { distanceBound } = answer.certificate
    const off = answer.multipliers.map((m, i) => (i === 50 ? m * 1.01 : m))
    const ours = compareWeights(answer.multipliers, off, { distanceBound })
    expect(ours).toMatchObject({ allclose: false, referenceIsNotOptimal: true })
    expect(ours.sentence).toMatch(/the reference is not the optimum/)
    // The other way round: what is certified about the answer that is off does not put the blame on the good one.
    const { distanceBounds } = problem.certify({ multipliers: off }, { penalty: 1e-2 })
    const theirs = compareWeights(off, answer.multipliers, { distanceBound: distanceBounds })
    expect(theirs).toMatchObject({ allclose: false, referenceIsNotOptimal: null })
    expect(compareWeights(answer.multipliers, answer.multipliers, { distanceBound })).toMatchObject({
      allclose: true,
      referenceIsNotOptimal: false,
      sentence: 'All 200 records are equal.',
    })
  })
})
