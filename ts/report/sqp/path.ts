import { type Html, html } from '../escape.js'
import { figure, formatCount, formatScientific } from '../format.js'
import { plotFigure } from '../plots/figure.js'
import { type PlotSize, type Spec, sideTitle } from '../plots/svg.js'
import { dataTable } from '../table.js'
import type { SqpReportDocument, SqpStep } from './document.js'
import { toNumber } from './number.js'

const LEFT = 74
/** More steps than this are thinned out in the table. */
const SHOWN = 200

interface Quantity {
  id: string
  title: string
  axis: string
  of: (step: SqpStep) => number
  logarithmic: boolean
  limit?: ((report: SqpReportDocument) => number) | undefined
}

const QUANTITIES: readonly Quantity[] = [
  {
    id: 'objective',
    title: 'Objective',
    axis: 'f',
    of: (step) => toNumber(step.f_val),
    logarithmic: false,
  },
  {
    id: 'infeasibility',
    title: 'Infeasibility: largest violation of a constraint',
    axis: 'Violation',
    of: (step) => Math.max(toNumber(step.max_eq_violation), toNumber(step.max_ineq_violation)),
    logarithmic: true,
    limit: (report) => toNumber(report.tolerances.feasibility),
  },
  {
    id: 'kkt',
    title: 'Stationarity: size of the Lagrangian’s gradient relative to its terms',
    axis: 'KKT ratio',
    of: (step) => toNumber(step.kkt_ratio),
    logarithmic: true,
    limit: (report) => toNumber(report.tolerances.stationarity),
  },
  {
    id: 'step-length',
    title: 'Step length along the search direction',
    axis: 'Step length',
    of: (step) => toNumber(step.last_alpha),
    logarithmic: true,
  },
  {
    id: 'penalty',
    title: 'Largest penalty weight',
    axis: 'Penalty',
    of: (step) => toNumber(step.merit_penalty),
    logarithmic: true,
  },
]

/** How the run went, step by step. */
export async function pathSection(report: SqpReportDocument): Promise<Html | undefined> {
  if (report.trajectory.length === 0) return undefined
  const figures: Html[] = []
  for (const quantity of QUANTITIES) {
    const drawn = await quantityFigure(quantity, report)
    if (drawn) figures.push(drawn)
  }
  return html`<section id="path" aria-labelledby="path-title">
<h2 id="path-title">The path</h2>
${figures}
<details><summary>Every step</summary><div class="scroll tall" role="region" tabindex="0" aria-label="Every step">${stepTable(report.trajectory)}</div></details>
</section>`
}

async function quantityFigure(quantity: Quantity, report: SqpReportDocument): Promise<Html | undefined> {
  const points = report.trajectory
    .map((step) => ({ step: step.step_count, value: quantity.of(step) }))
    .filter(({ value }) => Number.isFinite(value) && (!quantity.logarithmic || value > 0))
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return undefined
  const limit = quantity.limit?.(report)
  const sentence = `From ${formatScientific(first.value, 3)} at step ${first.step} to ${formatScientific(last.value, 3)} at step ${last.step}.`
  const absent = report.trajectory.length - points.length
  return plotFigure({
    id: `plot-${quantity.id}`,
    title: quantity.title,
    label: `${quantity.title} by step${quantity.logarithmic ? ', on a logarithmic scale' : ''}. ${sentence}`,
    spec: (size) => quantitySpec(quantity, points, limit, size),
    caption: html`${sentence}${limit !== undefined && ` The line is the limit, ${formatScientific(limit)}.`}${absent > 0 && quantity.logarithmic && ` ${formatCount(absent)} of the steps have the value 0, which a logarithmic scale cannot show.`}`,
  })
}

function quantitySpec(
  { axis, logarithmic }: Quantity,
  points: readonly { step: number; value: number }[],
  limit: number | undefined,
  size: PlotSize,
): Spec {
  const scale = logarithmic ? ({ type: 'log' } as const) : ({ zero: false } as const)
  const y = {
    field: 'value',
    type: 'quantitative',
    scale,
    axis: { title: axis, ...sideTitle(LEFT), tickCount: 5, format: logarithmic ? '.0e' : '~g' },
  } as const
  return {
    width: size.width - LEFT - 16,
    height: size.name === 'wide' ? 180 : 160,
    padding: { left: LEFT, right: 16, top: 8, bottom: 44 },
    autosize: 'none',
    layer: [
      {
        data: { values: [...points] },
        mark: { type: 'line', color: 'var(--after)', strokeWidth: 2, point: points.length < 60 },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            axis: { title: 'Step', grid: false, tickMinStep: 1, format: 'd' },
          },
          y,
        },
      },
      ...(limit === undefined || !(limit > 0)
        ? []
        : [
            {
              data: { values: [{ value: limit }] },
              mark: { type: 'rule' as const, color: 'var(--bound)', strokeDash: [5, 4] },
              encoding: { y },
            },
          ]),
    ],
  }
}

function stepTable(steps: readonly SqpStep[]): Html {
  const stride = Math.ceil(steps.length / SHOWN)
  const shown = steps.filter((_, index) => index % stride === 0 || index === steps.length - 1)
  const cell = (value: number) => figure(value, formatScientific(value, 4))
  return dataTable(
    ['Step', 'f', 'Violation', 'KKT ratio', 'Step length', 'Penalty', 'QP iterations', 'Notes'],
    shown.map((step) => [
      step.step_count,
      ...[QUANTITIES[0], QUANTITIES[1], QUANTITIES[2], QUANTITIES[3], QUANTITIES[4]].map((quantity) =>
        cell((quantity as Quantity).of(step)),
      ),
      formatCount(step.qp_iterations_step),
      notes(step),
    ]),
  )
}

function notes(step: SqpStep): string {
  return [
    !step.qp_converged && 'subproblem not solved',
    !step.ls_success && 'line search failed',
    step.elastic && 'elastic',
  ]
    .filter((note) => note !== false)
    .join(', ')
}
