import { shorten, symlogScale } from './errors.js'
import type { PlotSize, Spec } from './svg.js'

/** A target beside its band, all relative to the total asked for. */
export interface BandRow {
  label: string
  lower: number
  upper: number
  after: number
  isOutside: boolean
}

/** Each band a bar, each final total a dot, by name: a dot beyond its bar is a band missed. */
export function bandSpec(rows: readonly BandRow[], size: PlotSize): Spec {
  const characters = size.name === 'wide' ? 32 : 15
  const left = Math.ceil(characters * size.fontSize * 0.62) + 12
  const values = rows.map((row, index) => ({ ...row, row: index, label: shorten(row.label, characters) }))
  const errors = symlogScale(rows.flatMap(({ lower, upper, after }) => [lower, upper, after]))
  const y = { field: 'row', type: 'ordinal', axis: null } as const
  const axis = { ...errors.axis, title: 'Total, relative to its target (symlog scale)' }
  const x = { type: 'quantitative' as const, scale: errors.scale, axis }
  return {
    width: size.width - left - 18,
    height: Math.max(1, values.length) * (size.name === 'wide' ? 20 : 19),
    padding: { left, right: 18, top: 6, bottom: 46 },
    autosize: 'none',
    data: { values },
    layer: [
      { mark: { type: 'rule', color: 'var(--rule-strong)' }, encoding: { x: { ...x, datum: 0 } } },
      {
        mark: { type: 'rule', color: 'var(--before)', strokeWidth: 7, opacity: 0.35 },
        encoding: { y, x: { ...x, field: 'lower' }, x2: { field: 'upper' } },
      },
      {
        transform: [{ filter: 'datum.isOutside' }],
        mark: { type: 'point', size: 46, opacity: 1, filled: true, color: 'var(--bound)' },
        encoding: { y, x: { ...x, field: 'after' } },
      },
      {
        transform: [{ filter: '!datum.isOutside' }],
        mark: { type: 'point', size: 46, opacity: 1, filled: true, color: 'var(--after)' },
        encoding: { y, x: { ...x, field: 'after' } },
      },
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
