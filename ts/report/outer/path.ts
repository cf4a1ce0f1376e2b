import { type Html, html } from '../escape.js'
import { type Figure, figure, formatCount, formatNumber, formatScientific, plural } from '../format.js'
import { convergenceSpec } from '../plots/distributions.js'
import { legend, plotFigure } from '../plots/figure.js'
import { dataTable } from '../table.js'
import type { OuterReportInput, PathRecord } from './input.js'

interface Series {
  name: string
  swatch: 'after' | 'bound'
  points: { iteration: number; residual: Figure }[]
}

/** How the point was reached: the gradient and what was left of the criterion, by iteration. */
export async function pathSection({ result }: OuterReportInput): Promise<Html | undefined> {
  const { path } = result
  if (path.length === 0) return undefined
  const series = seriesOf(path, result.finalValue).filter(({ points }) => points.length > 0)
  return html`<section id="path" aria-labelledby="path-title">
<h2 id="path-title">The path of the search</h2>
<p>${plural(path.length, 'point')} of the solver run that reached the answer (attempt ${formatCount((path[0]?.attempt ?? 0) + 1)}, start ${formatCount((path[0]?.seed ?? 0) + 1)}).</p>
${series.length > 0 ? await plot(series, path) : table(path)}
</section>`
}

function plot(series: readonly Series[], path: readonly PathRecord[]): Promise<Html> {
  const sentence = series.map(describe).join(' ')
  return plotFigure({
    id: 'plot-path',
    title: 'What was left, by iteration',
    label: `What was left by iteration, on a logarithmic scale. ${sentence}`,
    spec: (size) =>
      convergenceSpec(
        series.map(({ points }) => points),
        series.map(({ swatch }) => `var(--${swatch})`),
        size,
        'What was left',
      ),
    legend: legend(series.map(({ name, swatch }) => [swatch, name] as const)),
    caption: sentence,
    data: table(path),
  })
}

function seriesOf(path: readonly PathRecord[], finalValue: number): Series[] {
  const positive = (points: Series['points']) =>
    points.filter(({ residual }) => typeof residual === 'number' && residual > 0)
  const gap = (value: Figure) => (typeof value === 'number' ? value - finalValue : null)
  const hasGradient = path.some(({ projectedGradientNorm }) => typeof projectedGradientNorm === 'number')
  return [
    {
      name: hasGradient ? 'Projected gradient' : 'Length of the step',
      swatch: 'after',
      points: positive(
        path.map(({ iteration, projectedGradientNorm, stepNorm }) => ({
          iteration,
          residual: hasGradient ? projectedGradientNorm : stepNorm,
        })),
      ),
    },
    {
      name: 'Criterion above its final value',
      swatch: 'bound',
      points: positive(path.map(({ iteration, value }) => ({ iteration, residual: gap(value) }))),
    },
  ]
}

function describe({ name, points }: Series): string {
  const [first, last] = [points[0]?.residual, points.at(-1)?.residual]
  return `${name}: from ${formatScientific(first)} to ${formatScientific(last)}.`
}

function table(path: readonly PathRecord[]): Html {
  return dataTable(
    ['Iteration', 'Criterion', 'Projected gradient', 'Step'],
    path.map(({ iteration, value, projectedGradientNorm, stepNorm }) => [
      formatCount(iteration),
      figure(value, formatNumber(value, 12)),
      figure(projectedGradientNorm, formatScientific(projectedGradientNorm, 3)),
      figure(stepNorm, formatScientific(stepNorm, 3)),
    ]),
  )
}
