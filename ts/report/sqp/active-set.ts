import { type Html, html } from '../escape.js'
import { formatCount, plural } from '../format.js'
import { plotFigure } from '../plots/figure.js'
import type { PlotSize, Spec } from '../plots/svg.js'
import { dataTable } from '../table.js'
import type { SqpReportDocument } from './document.js'

const ROW = 16

/** Which constraints held the steps, one strip each. */
export async function activeSetSection(report: SqpReportDocument): Promise<Html | undefined> {
  const { active, trajectory } = report
  if (active.length === 0) return undefined
  const changes = (track: (typeof active)[number]) => track.spans.length
  const restless = [...active].sort((a, b) => changes(b) - changes(a))[0] as (typeof active)[number]
  const sentence = `${plural(active.length, 'constraint')} took part; ${restless.name} came in ${plural(changes(restless), 'time')}.`
  const figure = await plotFigure({
    id: 'plot-active-set',
    title: 'Active inequalities and bounds by step',
    label: `A strip for each constraint, filled while it was in the working set. ${sentence}`,
    spec: (size) => stripSpec(active, trajectory.length, size),
    caption: html`${sentence} A strip is filled at the steps at which the constraint was in the working set. Strips that keep breaking off point to degeneracy or to a poor model of the curvature.`,
    data: dataTable(
      ['Constraint', 'Steps'],
      active.map((track) => [
        track.name,
        track.spans
          .map(([first, last]) => (first === last ? formatCount(first) : `${first}–${last}`))
          .join(', '),
      ]),
    ),
  })
  return html`<section id="active-set" aria-labelledby="active-set-title">
<h2 id="active-set-title">Active constraints</h2>
${figure}
</section>`
}

function stripSpec(active: SqpReportDocument['active'], steps: number, size: PlotSize): Spec {
  const left = size.name === 'wide' ? 190 : 110
  const shorten = (name: string) => (name.length > left / 7 ? `${name.slice(0, left / 7 - 1)}…` : name)
  const values = active.flatMap((track, index) =>
    track.spans.map(([first, last]) => ({
      index,
      label: shorten(track.name),
      from: first - 0.5,
      to: last + 0.5,
    })),
  )
  // Labels may repeat once shortened: rows are told apart by their index.
  const labels = active.map((track) => shorten(track.name))
  return {
    width: size.width - left - 16,
    height: active.length * ROW,
    padding: { left, right: 16, top: 8, bottom: 44 },
    autosize: 'none',
    data: { values },
    mark: { type: 'rect', color: 'var(--after)', height: ROW - 6 },
    encoding: {
      x: {
        field: 'from',
        type: 'quantitative',
        scale: { domain: [0.5, steps + 0.5], nice: false },
        axis: { title: 'Step', grid: false, tickMinStep: 1, format: 'd' },
      },
      x2: { field: 'to' },
      y: {
        field: 'index',
        type: 'ordinal',
        scale: { domain: active.map((_, index) => index) },
        axis: {
          title: null,
          labelExpr: `${JSON.stringify(labels)}[datum.value]`,
          labelLimit: left - 8,
          ticks: false,
        },
      },
    },
  }
}
