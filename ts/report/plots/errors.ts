import type { TargetLine } from '../summary.js'
import { type PlotSize, type Spec, sideTitle } from './svg.js'

/** Beyond this many targets the rank plot draws a sample of the points: they would cover one another anyway. */
const MOST_POINTS = 2000

/**
 * Relative errors of all targets, ordered by the error before: a band for before, a point each for after.
 * The scale is symlog (linear around zero, logarithmic beyond `linearUpTo`), so that errors of 0.01% and 300% both show.
 */
export function errorRankSpec(lines: readonly TargetLine[], size: PlotSize): Spec {
  const ordered = drawableLines(lines).sort((a, b) => a.errorBefore - b.errorBefore)
  const points = ordered.map((line, index) => ({
    rank: index + 1,
    before: line.errorBefore,
    after: line.errorAfter,
  }))
  const errors = symlogScale(points.flatMap((point) => [point.before, point.after]))
  const domain = [0.5, points.length + 0.5]
  const x = {
    field: 'rank',
    type: 'quantitative' as const,
    scale: { domain, nice: false },
    axis: { title: 'Targets, ordered by their error before', grid: false, tickCount: 6, tickMinStep: 1 },
  }
  // vega-lite merges the axes of the layers: all of them have to state the same one.
  const left = 76
  const axis = { ...errors.axis, ...sideTitle(left) }
  const y = { type: 'quantitative' as const, scale: errors.scale, axis }
  const right = 16
  return {
    width: size.width - left - right,
    height: size.name === 'wide' ? 340 : 300,
    padding: { left, right, top: 10, bottom: 46 },
    autosize: 'none',
    data: { values: points },
    layer: [
      {
        mark: { type: 'area', color: 'var(--before)', opacity: 0.3 },
        encoding: { x, y: { ...y, field: 'before' } },
      },
      { mark: { type: 'rule', color: 'var(--rule-strong)' }, encoding: { y: { ...y, datum: 0 } } },
      {
        mark: { type: 'line', color: 'var(--before)', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'before' } },
      },
      {
        data: { values: thin(points) },
        mark: {
          type: 'point',
          filled: true,
          size: pointArea(points.length, size),
          color: 'var(--after)',
          opacity: 1,
        },
        encoding: { x, y: { ...y, field: 'after' } },
      },
    ],
  }
}

/** Each target a line from its error before to its error after, by name. */
export function errorDumbbellSpec(lines: readonly TargetLine[], size: PlotSize): Spec {
  const rows = drawableLines(lines).map((line) => ({
    label: line.label,
    from: line.errorBefore,
    to: line.errorAfter,
  }))
  const errors = symlogScale(rows.flatMap((row) => [row.from, row.to]))
  return dumbbellSpec(rows, size, { ...errors, zeroLine: true })
}

export interface DumbbellRow {
  label: string
  from: number
  to: number
}

interface DumbbellAxis {
  scale: object
  axis: object
  zeroLine: boolean
}

/** Names are a text layer, not axis labels: they are cut by us, to the room there is. */
export function dumbbellSpec(rows: readonly DumbbellRow[], size: PlotSize, axis: DumbbellAxis): Spec {
  const characters = size.name === 'wide' ? 32 : 15
  const left = Math.ceil(characters * size.fontSize * 0.62) + 12
  const rowHeight = size.name === 'wide' ? 20 : 19
  const values = rows.map((row, index) => ({
    row: index,
    label: shorten(row.label, characters),
    from: row.from,
    to: row.to,
  }))
  const y = { field: 'row', type: 'ordinal', axis: null } as const
  const x = { type: 'quantitative' as const, scale: axis.scale, axis: axis.axis }
  const dots = { type: 'point', size: 46, opacity: 1 } as const
  return {
    width: size.width - left - 18,
    height: Math.max(1, values.length) * rowHeight,
    padding: { left, right: 18, top: 6, bottom: 46 },
    autosize: 'none',
    data: { values },
    layer: [
      ...(axis.zeroLine
        ? [
            {
              mark: { type: 'rule', color: 'var(--rule-strong)' } as const,
              encoding: { x: { ...x, datum: 0 } },
            },
          ]
        : []),
      {
        mark: { type: 'rule', color: 'var(--before)', strokeWidth: 2, opacity: 0.6 },
        encoding: { y, x: { ...x, field: 'from' }, x2: { field: 'to' } },
      },
      {
        mark: { ...dots, filled: true, fill: 'var(--paper)', stroke: 'var(--before)', strokeWidth: 2 },
        encoding: { y, x: { ...x, field: 'from' } },
      },
      { mark: { ...dots, filled: true, color: 'var(--after)' }, encoding: { y, x: { ...x, field: 'to' } } },
      {
        mark: {
          type: 'text',
          align: 'right',
          baseline: 'middle',
          fontSize: size.fontSize,
          color: 'var(--ink)',
          limit: 0,
        },
        encoding: { y, x: { value: -10 }, text: { field: 'label', type: 'nominal' } },
      },
    ],
  }
}

/** Targets whose two errors are numbers, impossible ones left out: they have no error that weights could change. */
export function drawableLines(lines: readonly TargetLine[]): TargetLine[] {
  return lines.filter(
    (line) => !line.isImpossible && Number.isFinite(line.errorBefore) && Number.isFinite(line.errorAfter),
  )
}

/** Below this size the scale is linear: the power of ten at or under the middle of the errors, within reason. */
export function symlogConstant(values: readonly number[]): number {
  const sizes = values.map(Math.abs).filter((value) => value > 0)
  sizes.sort((a, b) => a - b)
  const middle = sizes[sizes.length >> 2] ?? 0.001
  return 10 ** Math.min(-2, Math.max(-6, Math.floor(Math.log10(middle))))
}

/** Ticks at 0 and at powers of ten: a symlog scale left to itself puts all its ticks at the far end. */
export function symlogScale(values: readonly number[]): { scale: object; axis: object } {
  const constant = symlogConstant(values)
  const lowest = Math.min(0, ...values) * 1.15
  const highest = Math.max(0, ...values) * 1.15
  const ticks = [0]
  for (let power = Math.round(Math.log10(constant)); 10 ** power <= Math.max(-lowest, highest); power++) {
    const tick = Number(`1e${power}`)
    if (tick <= highest) ticks.push(tick)
    if (tick <= -lowest) ticks.push(-tick)
  }
  const domain = lowest < highest ? [lowest, highest] : [-constant, constant]
  return {
    scale: { type: 'symlog', constant, domain, nice: false },
    axis: {
      title: 'Relative error (symlog scale)',
      ...(ticks.length > 1 && { values: ticks }),
      labelExpr: "datum.value === 0 ? '0' : format(datum.value, '+,.4~%')",
      labelOverlap: 'greedy',
      grid: true,
    },
  }
}

/** Dots in square pixels: hundreds have to leave room for one another, a few should be seen. */
function pointArea(count: number, size: PlotSize): number {
  if (count <= 150) return 30
  return size.name === 'wide' ? 13 : 8
}

function thin<Point extends { after: number }>(points: Point[]): Point[] {
  if (points.length <= MOST_POINTS) return points
  const cut = points.map((point) => Math.abs(point.after)).sort((a, b) => b - a)[MOST_POINTS / 2] as number
  const step = Math.ceil(points.length / (MOST_POINTS / 2))
  return points.filter((point, index) => index % step === 0 || Math.abs(point.after) > cut)
}

export function shorten(label: string, characters: number): string {
  const letters = [...label]
  return letters.length <= characters ? label : `${letters.slice(0, characters - 1).join('')}…`
}
