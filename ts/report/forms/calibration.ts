import type { CalibrationDocument, CalibrationDocumentTarget } from '../../reweight/calibration-document.js'
import { type Content, type Html, html } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatScientific } from '../format.js'
import { formula } from '../formula.js'
import type { AnyTarget, FigureRow, FormView } from './form.js'
import { atBoundRows, holds, pivotRow } from './shared.js'

type DistanceName = CalibrationDocument['options']['distance']

export const DISTANCES: Record<DistanceName, { name: string; formula: string }> = {
  linear: { name: 'linear (chi-square)', formula: 'G(m) = (m − 1)² / 2' },
  truncated: { name: 'truncated linear', formula: 'G(m) = (m − 1)² / 2, lo ≤ m ≤ hi' },
  raking: { name: 'raking (exponential)', formula: 'G(m) = m log m − m + 1' },
  logit: {
    name: 'logit (bounded)',
    formula: 'G(m) = ((m − lo) log((m − lo)/(1 − lo)) + (hi − m) log((hi − m)/(hi − 1))) / A',
  },
  sinh: { name: 'hyperbolic sine', formula: 'G′(m) = sinh(α(m − 1/m)) / (2α)' },
}

export function calibrationView(document: CalibrationDocument): FormView {
  const { options, targets } = document
  const relaxed = targets.filter((target) => target.relaxed).length
  return {
    asked: html`so that the totals meet their targets ${relaxed === 0 ? 'exactly' : html`exactly (${formatCount(relaxed)} of them only at a cost)`}, while the multipliers stay as close to 1
as that allows, closeness being measured by the distance “${DISTANCES[options.distance].name}”.`,
    advice: {
      not_certified: ['Relax a total by a cost (--cost), or widen the bounds of the multipliers.'],
      infeasible: [
        'Leave out or relax (--cost) a total that the contradiction names, or widen the bounds of the multipliers.',
        'Ask for bands instead (--form bands): the answer then shows how near the totals can come.',
      ],
    },
    met: () => [
      'Largest miss of an exact total',
      figure(document.constraintResidual, formatBound(document.constraintResidual)),
      'relative to the total',
    ],
    certificateRows: certificateRows(document),
    problem: problemStatement(document),
    options: [
      ['Form', 'calibration'],
      ['Distance', DISTANCES[options.distance].name],
      ...(options.alpha === null ? [] : [['Parameter α', figure(options.alpha)] as const]),
    ],
    optionNames: ['distance', 'alpha'],
    targetColumns: [
      column('λ', 'size', ({ lambda }) => ({ text: formatNumber(lambda, 3), value: lambda })),
      column('Kind', 'text', (target) => ({ text: kindOf(target), value: null })),
    ],
    aboutColumns:
      'λ is the change of the distance per unit of the total: totals of a large λ are the ones that cost most to meet. A dependent total follows from others; its λ is part of theirs.',
  }
}

const column = (
  title: string,
  sort: 'size' | 'text',
  cell: (target: CalibrationDocumentTarget) => { text: Content; value: number | null },
) => ({ title, sort, cell: (target: AnyTarget) => cell(target as CalibrationDocumentTarget) })

const kindOf = ({ relaxed, dependent }: CalibrationDocumentTarget): string =>
  relaxed ? 'relaxed' : dependent ? 'exact, dependent' : 'exact'

function certificateRows(c: CalibrationDocument): FigureRow[] {
  return [
    {
      name: 'Distance bound',
      key: 'distanceBound',
      text: formatBound(c.distanceBound),
      meaning:
        'No multiplier in the weights file is farther than this from the one best answer. With the next figure this decides.',
      inequality: html`${formula('|m_i − m_i*|')}<br>${holds(c)}`,
    },
    {
      name: 'Constraint residual',
      key: 'constraintResidual',
      text: formatBound(c.constraintResidual),
      meaning: 'The largest relative miss of an exact total.',
      inequality: formula('max_j |(Aᵀw)_j − t_j| / |t_j|'),
    },
    {
      name: 'Bound before rounding',
      key: 'boundBeforeRounding',
      text: formatBound(c.boundBeforeRounding),
      meaning:
        'The bound on the distance for the answer with about 31 digits, before it was rounded to the 16 that a computer number holds.',
      inequality: formula('|m_i(λ) − m_i*|'),
    },
    {
      name: 'Duality gap',
      key: 'dualityGap',
      text: formatBound(c.dualityGap),
      meaning: 'The objective differs from the smallest possible one by no more than this.',
      inequality: formula('|P(m) − D(λ)|'),
    },
    {
      name: 'Relative gap',
      key: 'relativeGap',
      text: formatBound(c.relativeGap),
      meaning: 'The duality gap in proportion to the objective.',
      inequality: html`the gap, relative to ${formula('P(m)')}`,
    },
    {
      name: 'Dual residual',
      key: 'dualResidual',
      text: formatBound(c.dualResidual),
      meaning:
        'How nearly the equation is met that only the best answer meets exactly: zero would be perfect.',
      inequality: 'norm of the dual gradient, in the metric of the inverse Hessian',
    },
    {
      name: 'Objective',
      key: 'objective',
      text: formatNumber(c.objective, 6),
      meaning: 'What was made as small as possible: the distance, and the cost of relaxed totals.',
      inequality: formula('P(m) = Σ_i (w_i/q_i) G(m_i) + Σ_j C_j miss_j² / 2'),
    },
    {
      name: 'Cost of relaxed totals',
      key: 'relaxationCost',
      text: formatNumber(c.relaxationCost, 6),
      meaning: 'The part of the objective that misses of relaxed totals make.',
      inequality: formula('Σ_j C_j miss_j² / 2'),
    },
    {
      name: 'Dependent targets',
      key: 'numDependent',
      text: formatCount(c.numDependent),
      meaning: 'Targets that follow from others, given the records that are free to move.',
      inequality: 'for information',
    },
    ...atBoundRows(c),
    pivotRow(c),
  ]
}

function problemStatement({ options }: CalibrationDocument): Html {
  const f = formula
  return html`<div class="problem"><h3>The problem in one line</h3>
<p class="display">minimise&ensp;${f('Σ_i (w_i/q_i) G(m_i)')}&ensp;subject to&ensp;${f('Σ_i w_i A_ij m_i = t_j')}&ensp;for every exact total</p>
<p>Here ${f('m_i')} is the multiplier of record ${f('i')} and ${f('m*')} the best answer; ${f('w_i')} is the design weight, ${f('A_ij')} what record ${f('i')} adds to target ${f('j')} per unit of weight, ${f('t_j')} the
target and ${f('q_i')} the weight of the record’s distance, 1 where no other is given. The distance is ${DISTANCES[options.distance].name}: ${f(DISTANCES[options.distance].formula)}${
    options.alpha !== null && html` with α = ${formatScientific(options.alpha)}`
  }. ${f('λ')} holds one dual value per target, from which every multiplier follows.</p></div>`
}
