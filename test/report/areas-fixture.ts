import { type AreaOutcome, multiplierEdges, outcomeWithout } from '../../ts/areas/outcome.js'
import { areasSummary } from '../../ts/cli/areas-summary.js'
import type { AreasReportInput } from '../../ts/report/areas/input.js'

/** Numbers between 0 and 1 that are the same each time. */
const fraction = (i: number) => ((i * 7919 + 104_729) % 10_007) / 10_007

/** Areas of which every eighth misses a target or two, one is refused and one infeasible. */
export function areasFixture(numAreas: number, numTargets: number): AreasReportInput {
  const targetNames = Array.from({ length: numTargets }, (_, j) =>
    j === 0 ? '<b>first & "best"</b>' : `target_of_class_${j}`,
  )
  const outcomes = Array.from({ length: numAreas }, (_, a): AreaOutcome => {
    const key = a === 0 ? '<script>alert(1)</script>' : `Area ${String(a).padStart(3, '0')}`
    if (a === 1) return outcomeWithout(key, 'bad_input', 'areas[1].totals.x: expected a total, received none')
    if (a === 2) return outcomeWithout(key, 'infeasible', 'No weights meet the bands.')
    const errors = targetNames.map((_, j) =>
      fraction(97 * a + j) < 0.02 ? 0.4 * fraction(a + j) : 1e-5 * (fraction(j) - 0.5),
    )
    return {
      ...outcomeWithout(key, 'converged', 'The certificate holds.'),
      ...{ digest: 'a'.repeat(16), distanceBound: 2.2e-16, method: 'newton', iterations: 5, numRecords: 100 },
      errors: errors.map((error, j) => (j === 3 && a % 5 === 0 ? null : error)),
      misses: errors.map((error, j) => (j === 3 && a % 5 === 0 ? null : Math.abs(error))),
      distribution: {
        ...{ minimum: 0.1, maximum: 9, mean: 1, designEffect: 1.4, effectiveSampleSize: 70 },
        ...{ sumOfWeightsBefore: 1000 * (a + 1), sumOfWeightsAfter: 1010 * (a + 1) },
      },
      quantiles: [{ probability: 0.5, value: 0.98 }],
      multiplierCounts: multiplierEdges.slice(1).map((_, c) => Math.round(100 * fraction(c))),
    }
  })
  const summary = areasSummary({
    outcomes,
    targetNames,
    digest: '0123456789abcdef',
    options: {
      ...{ form: 'penalty', penalty: 0.01, bounds: [0.1, 10], method: 'auto', tolerance: 1e-9 },
      ...{
        maxIterations: null,
        timeLimitSeconds: null,
        groupIdentical: true,
        exhaustionCap: 2,
        missTolerance: 1e-3,
      },
      data: {
        ...{ id: 'id', weight: 'w', children: [], nullMarkers: [], targetsWhere: null, areaColumn: null },
        ...{ area: null, matrixIndex: null, dropNonPositive: false, dropImpossible: false },
      },
    },
    inputs: {
      files: [
        { role: 'records', table: 'records', file: 'records.csv', bytes: 12_345, sha256: 'b'.repeat(64) },
      ],
      numRecords: 100,
      numTargets,
    },
    exhaustion: {
      ...{
        minimum: 0.2,
        maximum: 2,
        mean: 1,
        quantiles: [{ probability: 0.5, value: 0.9 }],
        numAboveOne: 40,
      },
      ...{ cap: 2, numAboveCap: 0, worst: [{ id: '17', exhaustion: 2 }] },
    },
    warnings: ['a warning with <i>markup</i>'],
    timing: { totalSeconds: 12, readSeconds: 1, numSolved: numAreas, numKept: 0 },
  })
  return { summary, outcomes, pageOf: (key) => `areas/${encodeURIComponent(key)}/report.html` }
}
