import { describe, expect, it } from 'vitest'
import { digest, generateNational, reweight } from '../../ts/index.js'

describe('generateNational', () => {
  const population = generateNational({ records: 3000, targets: 120, seed: 7 })

  it('makes columns of one length, targets with unique names, and a matrix that fits', async () => {
    const { columns, targets, matrix } = population
    expect(Object.keys(columns)).toEqual(
      expect.arrayContaining(['weight', 'agi', 'filing_status', 'filer', 'wages', 'pensions']),
    )
    for (const column of Object.values(columns)) expect(column).toHaveLength(3000)
    expect(new Set(targets.map((target) => target.name)).size).toBe(120)
    expect(matrix.columnStarts).toHaveLength(121)
    expect(matrix.rowIndices).toHaveLength(matrix.columnStarts[120]!)
    const answer = await reweight({ matrix, designWeights: columns.weight!, targets })
    expect(answer.status).toBe('converged')
  })

  it('says in SQL what the matrix holds', () => {
    const { columns, targets, matrix } = population
    // The predicates are conjunctions of comparisons with numbers: enough of SQL to evaluate here.
    const comparisons: Record<string, (x: number, bound: number) => boolean> = {
      '=': (x, bound) => x === bound,
      '<>': (x, bound) => x !== bound,
      '<': (x, bound) => x < bound,
      '>=': (x, bound) => x >= bound,
    }
    const holds = (predicate: string, i: number) =>
      predicate.split(' AND ').every((term) => {
        const [name, operator, bound] = term.split(' ')
        return comparisons[operator!]!(columns[name!]![i]!, Number(bound))
      })
    targets.forEach(({ predicate, value }, j) => {
      const expected: [number, number][] = []
      for (let i = 0; i < 3000; i++) {
        const x = value === '1' ? 1 : columns[value]![i]!
        if (x !== 0 && holds(predicate, i)) expected.push([i, x])
      }
      const span = [matrix.columnStarts[j]!, matrix.columnStarts[j + 1]!] as const
      const values = matrix.values.subarray(...span)
      expect(Array.from(matrix.rowIndices.subarray(...span), (row, e) => [row, values[e]!])).toEqual(expected)
    })
  })

  it('depends on the seed alone', () => {
    const again = generateNational({ records: 3000, targets: 120, seed: 7 })
    const other = generateNational({ records: 3000, targets: 120, seed: 8 })
    expect(digest(again.columns.wages!)).toBe(digest(population.columns.wages!))
    expect(again.targets).toEqual(population.targets)
    expect(digest(other.columns.wages!)).not.toBe(digest(population.columns.wages!))
  })
})
