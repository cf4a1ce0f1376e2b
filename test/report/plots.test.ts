import type { LoggerInterface } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { describe, expect, it } from 'vitest'
import { binEdges, extentOf, histogram } from '../../ts/report/binning.js'
import {
  convergenceSpec,
  largestChangesSpec,
  multiplierSpec,
  weightSpec,
} from '../../ts/report/plots/distributions.js'
import { errorDumbbellSpec, errorRankSpec } from '../../ts/report/plots/errors.js'
import { PLOT_SIZES, type PlotSize, renderSvg } from '../../ts/report/plots/svg.js'
import { renderReport } from '../../ts/report/render.js'
import { prepareReport } from '../../ts/report/report.js'
import { largestChanges, targetLines } from '../../ts/report/summary.js'
import { nationalFixture } from './fixture.js'

const input = nationalFixture(3000, 120)

describe('histograms', () => {
  it.each([
    ['positive values, logarithmic', [0.1, 0.2, 1, 5, 10]],
    ['values of both signs, linear', [-3, 0, 1, 2.5]],
    ['one value', [7, 7, 7]],
    ['zeros', [0, 0]],
    ['the bounds themselves', [0.1, 0.1, 0.1, 10, 10]],
  ])('count every value once: %s', (_, values) => {
    const edges = binEdges(extentOf(values)!, 60)
    const bins = histogram(values, edges)
    expect(bins.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
    expect(bins.numLeftOut).toBe(0)
    for (let bin = 0; bin < bins.counts.length; bin++)
      expect(bins.edges[bin]!).toBeLessThan(bins.edges[bin + 1]!)
  })

  it('put a value on an edge into the bin above it, and the largest into the last', () => {
    expect(histogram([1, 2, 4], { isLogarithmic: true, edges: [1, 2, 4] }).counts).toEqual([1, 2])
  })

  it('leave out and count what is not a finite number', () => {
    const values = [1, Number.NaN, 2, Number.POSITIVE_INFINITY]
    expect(histogram(values, binEdges(extentOf(values)!, 4)).numLeftOut).toBe(2)
    expect(extentOf([Number.NaN])).toBeUndefined()
  })
})

describe('the largest changes', () => {
  it('are ordered by size, equal ones as the records come, unchanged and unknown ones left out', () => {
    const small = {
      ...input,
      weightsBefore: Float64Array.of(10, 10, 10, 10, 10),
      weightsAfter: Float64Array.of(12, 10, 1, 8, Number.NaN),
      multipliers: Float64Array.of(1.2, 1, 0.1, 0.8, Number.NaN),
    }
    expect(largestChanges(small, 3).map((change) => change.record)).toEqual([2, 0, 3])
    expect(largestChanges(small, 2).map((change) => change.record)).toEqual([2, 0])
    expect(largestChanges(small, 9).map((change) => change.record)).toEqual([2, 0, 3])
  })
})

describe('impossible targets', () => {
  it('are marked in their own area only', () => {
    const target = {
      target: 5,
      before: 0,
      after: 0,
      relativeError: -1,
      price: 0,
      dual: [0, 0] as [number, number],
    }
    const lines = targetLines({
      ...input.certificate,
      impossibleTargets: ['aged'],
      targets: [
        { ...target, name: 'aged', area: '1' },
        { ...target, name: 'aged', area: '2', before: 3, after: 5, relativeError: 0 },
      ],
    })
    expect(lines.map((line) => [line.label, line.isImpossible])).toEqual([
      ['1: aged', true],
      ['2: aged', false],
    ])
  })
})

describe('plots', () => {
  const { lines } = prepareReport(input)
  const changes = largestChanges(input, 15)
  const edges = binEdges(extentOf(input.multipliers)!, 60)
  const all = histogram(input.multipliers, edges)
  const weights = histogram(input.weightsBefore, binEdges(extentOf(input.weightsBefore)!, 60))
  const specs: [name: string, spec: (size: PlotSize) => TopLevelSpec][] = [
    ['errors by rank', (size) => errorRankSpec(lines, size)],
    ['errors by name', (size) => errorDumbbellSpec(lines.slice(0, 20), size)],
    ['one error', (size) => errorDumbbellSpec(lines.slice(5, 6), size)],
    ['multipliers', (size) => multiplierSpec(all, histogram([], edges), size)],
    ['weights', (size) => weightSpec(weights, weights, size)],
    ['convergence', (size) => convergenceSpec([input.certificate.history], ['var(--after)'], size)],
    ['one iteration', (size) => convergenceSpec([input.certificate.history.slice(0, 1)], ['red'], size)],
    ['largest changes', (size) => largestChangesSpec(changes, changes.map(String), size)],
  ]

  it.each(specs)('%s: vega-lite accepts the specification without a warning', (_, spec) => {
    for (const size of PLOT_SIZES) {
      const warnings: unknown[] = []
      compile(spec(size), { logger: collecting(warnings) })
      expect(warnings).toEqual([])
    }
  })

  it.each(specs)('%s: drawn at the asked width, labelled, without ids or addresses', async (_, spec) => {
    for (const size of PLOT_SIZES) {
      const svg = (await renderSvg(spec(size), size, 'what it shows')).markup
      expect(svg).toContain(`viewBox="0 0 ${size.width} `)
      expect(svg).toContain('role="img" aria-label="what it shows"')
      expect(svg).not.toMatch(/\bid=|https?:|NaN|undefined/)
    }
  })

  it('show every target of the plot by rank, after reweighting', async () => {
    const drawable = lines.filter((line) => !line.isImpossible)
    const svg = (await renderSvg(errorRankSpec(lines, PLOT_SIZES[0]!), PLOT_SIZES[0]!, '')).markup
    expect(svg.match(/<path transform="translate\([^"]*" d="M[^"]*" fill="var\(--after\)"/g)).toHaveLength(
      drawable.length,
    )
  })

  it('are named in the page by the records and targets that they show', async () => {
    const page = await renderReport(input)
    for (const change of changes)
      expect(page.includes(`>${input.recordIds?.[change.record]}</text>`)).toBe(true)
  })
})

function collecting(warnings: unknown[]): LoggerInterface {
  const logger: LoggerInterface = {
    level: () => logger as LoggerInterface & number,
    error: (...messages) => {
      warnings.push(...messages)
      return logger
    },
    warn: (...messages) => {
      warnings.push(...messages)
      return logger
    },
    info: () => logger,
    debug: () => logger,
  }
  return logger
}
