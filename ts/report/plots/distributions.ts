import type { Histogram } from '../binning.js'
import type { Figure } from '../format.js'
import type { RecordChange } from '../summary.js'
import { dumbbellSpec } from './errors.js'
import { type PlotSize, type Spec, sideTitle } from './svg.js'

const LEFT = 74
const RIGHT = 16

/** Counts per bin; records at a bound are stacked on top in a colour of their own. */
export function multiplierSpec(all: Histogram, atBound: Histogram, size: PlotSize): Spec {
  const bars = all.counts.flatMap((count, bin) => {
    const held = atBound.counts[bin] as number
    const [low, high] = [all.edges[bin], all.edges[bin + 1]]
    return [
      { low, high, from: 0, to: count - held, color: 'var(--after)' },
      { low, high, from: count - held, to: count, color: 'var(--bound)' },
    ].filter((bar) => bar.to > bar.from)
  })
  const ticks = all.isLogarithmic ? { values: oneTwoFive(all.edges) } : {}
  return {
    ...frame(size, size.name === 'wide' ? 280 : 240),
    data: { values: bars },
    mark: { type: 'rect', strokeWidth: 0 },
    encoding: {
      x: {
        field: 'low',
        type: 'quantitative',
        scale: horizontalScale(all),
        axis: {
          title: `Multiplier${scaleNote(all)}`,
          grid: false,
          format: ',.4~r',
          labelOverlap: true,
          ...ticks,
        },
      },
      x2: { field: 'high' },
      y: {
        field: 'from',
        type: 'quantitative',
        axis: { title: 'Records', ...sideTitle(LEFT), format: ',d', tickMinStep: 1, tickCount: 6 },
      },
      y2: { field: 'to' },
      color: { field: 'color', type: 'nominal', scale: null },
    },
  }
}

/** Two outlines over the same bins: a filled one for before, a line for after. */
export function weightSpec(before: Histogram, after: Histogram, size: PlotSize): Spec {
  const outline = (histogram: Histogram) => [
    ...histogram.counts.map((count, bin) => ({ weight: histogram.edges[bin], count })),
    { weight: histogram.edges.at(-1), count: histogram.counts.at(-1) },
  ]
  const ticks = before.isLogarithmic ? { values: oneTwoFive(before.edges) } : {}
  const x = { field: 'weight', type: 'quantitative', scale: horizontalScale(before) } as const
  const y = { field: 'count', type: 'quantitative' } as const
  const axes = {
    x: {
      ...x,
      axis: {
        title: `Weight${scaleNote(before)}`,
        grid: false,
        format: ',.4~r',
        labelOverlap: true,
        ...ticks,
      },
    },
    y: { ...y, axis: { title: 'Records', ...sideTitle(LEFT), format: ',d', tickMinStep: 1, tickCount: 6 } },
  } as const
  return {
    ...frame(size, size.name === 'wide' ? 280 : 240),
    layer: [
      {
        data: { values: outline(before) },
        mark: {
          type: 'area',
          interpolate: 'step-after',
          color: 'var(--before)',
          opacity: 0.35,
          line: { color: 'var(--before)', strokeWidth: 1.5 },
        },
        encoding: axes,
      },
      {
        data: { values: outline(after) },
        mark: { type: 'line', interpolate: 'step-after', color: 'var(--after)', strokeWidth: 2 },
        encoding: { x, y },
      },
    ],
  }
}

/** One line per series. Residuals of zero have no place on a logarithmic scale and are left out. */
export function convergenceSpec(
  attempts: readonly (readonly { iteration: number; residual: Figure }[])[],
  colors: readonly string[],
  size: PlotSize,
  title = 'Residual',
): Spec {
  const values = attempts.flatMap((history, attempt) =>
    history
      .filter(({ residual }) => typeof residual === 'number' && residual > 0)
      .map(({ iteration, residual }) => ({
        attempt,
        iteration,
        residual,
        color: colors[attempt % colors.length],
      })),
  )
  const powers = powersOfTen(values.map((value) => value.residual as number))
  return {
    ...frame(size, size.name === 'wide' ? 260 : 230),
    data: { values },
    mark: { type: 'line', point: { filled: true, size: 34 }, strokeWidth: 2 },
    encoding: {
      x: {
        field: 'iteration',
        type: 'quantitative',
        scale: { zero: false },
        axis: {
          title: 'Iteration',
          grid: false,
          tickMinStep: 1,
          format: ',d',
          tickCount: size.name === 'wide' ? 10 : 5,
        },
      },
      y: {
        field: 'residual',
        type: 'quantitative',
        scale: { type: 'log', domain: [powers[0] as number, powers.at(-1) as number], nice: false },
        axis: {
          title: `${title} (logarithmic scale)`,
          ...sideTitle(LEFT),
          values: powers,
          labelExpr: `'10' + ${POWER}`,
        },
      },
      color: { field: 'color', type: 'nominal', scale: null },
      detail: { field: 'attempt' },
    },
  }
}

export function largestChangesSpec(
  changes: readonly RecordChange[],
  labels: readonly string[],
  size: PlotSize,
): Spec {
  const rows = changes.map((change, index) => ({
    label: labels[index] ?? '',
    from: change.before,
    to: change.after,
  }))
  const isLogarithmic = rows.every((row) => row.from > 0 && row.to > 0)
  return dumbbellSpec(rows, size, {
    scale: isLogarithmic ? { type: 'log', nice: false, padding: 10 } : { type: 'linear', nice: true },
    axis: {
      title: isLogarithmic ? 'Weight (logarithmic scale)' : 'Weight',
      ...(isLogarithmic && { values: oneTwoFive(rows.flatMap((row) => [row.from, row.to])) }),
      format: ',.3~r',
      grid: true,
      labelOverlap: true,
      tickCount: size.name === 'wide' ? 8 : 4,
    },
    zeroLine: false,
  })
}

function frame(size: PlotSize, height: number) {
  return {
    width: size.width - LEFT - RIGHT,
    height,
    padding: { left: LEFT, right: RIGHT, top: 10, bottom: 46 },
    autosize: 'none' as const,
  }
}

function horizontalScale({ isLogarithmic, edges }: Histogram) {
  const domain = [edges[0] as number, edges.at(-1) as number]
  return isLogarithmic
    ? { type: 'log' as const, domain, nice: false }
    : { type: 'linear' as const, domain, nice: false, zero: false }
}

function scaleNote(histogram: Histogram): string {
  return histogram.isLogarithmic ? ' (logarithmic scale)' : ''
}

/** Ticks at 1, 2 and 5 times powers of ten, or at the powers alone over more than two and a half decades. */
function oneTwoFive(values: readonly number[]): number[] {
  const lowest = Math.min(...values)
  const highest = Math.max(...values)
  const steps = Math.log10(highest / lowest) > 2.5 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power++) {
    for (const step of steps) {
      const tick = Number(`${step}e${power}`)
      if (tick >= lowest && tick <= highest) ticks.push(tick)
    }
  }
  return ticks
}

/** At most some eight powers of ten, from at or below the smallest value to at or above the largest. */
function powersOfTen(values: readonly number[]): number[] {
  const lowest = Math.floor(Math.log10(Math.min(...values)))
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(...values))) - lowest)
  const step = Math.ceil(decades / 7)
  return Array.from({ length: Math.ceil(decades / step) + 1 }, (_, k) => Number(`1e${lowest + k * step}`))
}

/** A power of ten with its exponent raised: 10⁻¹², not 1e-12. An expression of vega, which knows no functions of ours. */
const POWER = [...'⁰¹²³⁴⁵⁶⁷⁸⁹'].reduce(
  (expression, raised, digit) => `replace(${expression}, regexp('${digit}', 'g'), '${raised}')`,
  "replace(format(round(log(datum.value) / LN10), 'd'), '\u2212', '⁻')",
)
