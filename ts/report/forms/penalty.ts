import type { CertificateDocument } from '../../reweight/certificate-document.js'
import { html } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatPercent, formatScientific } from '../format.js'
import { formula } from '../formula.js'
import { METHODS } from '../outcomes.js'
import { countWithin } from '../summary.js'
import type { FigureRow, FormView } from './form.js'
import { atBoundRows, holds, limitsText, pivotRow, relativeBoundRow } from './shared.js'

/** The error that the tile of met targets counts by. */
const KEY_LEVEL = 0.005

export function penaltyView(document: CertificateDocument): FormView {
  const { options, inputs } = document
  return {
    asked: html`so that these come as close as possible to ${inputs.numTargets === 1 ? 'the given target' : 'their given targets'}, while the multipliers stay as close to 1 as that allows. The penalty
(here ${figure(options.penalty)}) strikes the balance: a larger one keeps the weights nearer to the design weights, a smaller one brings the totals nearer to the targets.`,
    advice: {
      not_certified: ['Try a larger penalty: a very small one makes the problem hard to solve accurately.'],
      iteration_limit: ['Try method “auto” or “newton”, which needs far fewer iterations than “lbfgsb”.'],
      numerical_failure: ['Try a larger penalty, or method “auto”.'],
    },
    met: (lines) => {
      const within = (side: 'errorBefore' | 'errorAfter') => formatCount(countWithin(lines, side, KEY_LEVEL))
      const count = lines.filter((line) => !line.isImpossible).length
      return [
        `Targets within ${formatPercent(KEY_LEVEL)}`,
        html`${within('errorAfter')}<small> of ${formatCount(count)}</small>`,
        `before: ${within('errorBefore')}`,
      ]
    },
    certificateRows: certificateRows(document),
    problem: problemStatement(document),
    options: [
      ['Form', 'penalty'],
      ['Penalty', figure(options.penalty)],
      ['Method asked for', METHODS[options.method]],
    ],
    optionNames: ['penalty', 'method'],
    targetColumns: [
      {
        title: 'Price',
        sort: 'size',
        cell: (target) => {
          const { price } = target as CertificateDocument['targets'][number]
          return { text: formatNumber(price, 3), value: price }
        },
      },
    ],
    aboutColumns:
      'The price tells how fast the objective would grow if the target, in units of its scale, were raised: targets of a large price are the ones that the other targets and the penalty resist most.',
  }
}

function certificateRows(c: CertificateDocument): FigureRow[] {
  return [
    {
      name: 'Distance bound',
      key: 'distanceBound',
      text: formatBound(c.distanceBound),
      meaning:
        'No multiplier in the weights file is farther than this from the one best answer. This is the figure that decides.',
      inequality: html`${formula('|m_i − m_i*| ≤ max_i (|m_i − m_i(y)| + ‖F(y)‖ / (2√λ_i))')}<br>${holds(c)}`,
    },
    relativeBoundRow(c),
    {
      name: 'Bound before rounding',
      key: 'boundBeforeRounding',
      text: formatBound(c.boundBeforeRounding),
      meaning:
        'The same bound for the answer with about 31 digits, before it was rounded to the 16 that a computer number holds. If it is far below 10⁻¹⁶, what is left of the distance is that rounding alone.',
      inequality: formula('|m_i(y) − m_i*| ≤ ‖F(y)‖ / (2√λ_i)'),
    },
    {
      name: 'Duality gap',
      key: 'dualityGap',
      text: formatBound(c.dualityGap),
      meaning: 'The objective of these weights lies above the smallest possible one by no more than this.',
      inequality: formula('0 ≤ P(m) − P(m*) ≤ P(m) − D(y)'),
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
      inequality: html`${formula('‖F(y)‖')}, where ${formula('F(y) = y/2 + c − Bᵀm(y)')}`,
    },
    {
      name: 'Stationarity',
      key: 'stationarity',
      text: formatScientific(c.stationarity),
      meaning:
        'The steepest way downhill that is still open without leaving the bounds: zero at the best answer.',
      inequality: html`largest entry of the projected gradient of ${formula('P')} at ${formula('m')}`,
    },
    {
      name: 'Feasibility',
      key: 'feasibility',
      text: formatScientific(c.feasibility),
      meaning: 'The most by which any multiplier lies outside its bounds; zero means that none does.',
      inequality: formula('max_i (lo_i − m_i, m_i − hi_i, 0)'),
    },
    {
      name: 'Complementarity',
      key: 'complementarity',
      text: formatScientific(c.complementarity),
      meaning:
        'A bound may press only on a multiplier that touches it; this is the largest breach of that rule.',
      inequality: 'largest product of the distance to a bound and the pressure of that bound',
    },
    {
      name: 'Objective',
      key: 'objective',
      text: formatNumber(c.objective, 6),
      meaning:
        'What was made as small as possible: misses of the targets and changes of the weights together.',
      inequality: formula('P(m) = Σ_j (Bᵀm − c)_j² + Σ_i λ_i (m_i − 1)²'),
    },
    {
      name: 'Loss',
      key: 'loss',
      text: formatNumber(c.loss, 6),
      meaning: 'The part of the objective that the missed targets make.',
      inequality: formula('Σ_j (Bᵀm − c)_j²'),
    },
    ...atBoundRows(c),
    pivotRow(c),
  ]
}

function problemStatement({ options }: CertificateDocument) {
  const limits = limitsText(options)
  const f = formula
  return html`<div class="problem"><h3>The problem in one line</h3>
<p class="display">minimise&ensp;${f('P(m) = Σ_j ( Σ_i B_ij m_i − c_j )² + Σ_i λ_i ( m_i − 1 )²')}&ensp;subject to&ensp;${f(limits)}</p>
<p>Here ${f('m_i')} is the multiplier of record ${f('i')} and ${f('m*')} the best answer; ${f('w_i')} is the design weight, ${f('A_ij')} what record ${f('i')} adds to target ${f('j')} per unit of weight,
and ${f('t_j')} the target. ${f('B_ij = w_i A_ij / s_j')} and ${f('c_j = t_j / s_j')}, with the scale ${f('s_j = t_j + 1')} where no other is given;
${f('λ_i = penalty · L₀ · w_i² / Σw²')}, where ${f('L₀')} is the loss of the design weights. ${f('y')} holds one dual value per target, ${f('D(y)')} is the lower bound on ${f('P')} that these
values prove, and ${f('m(y)')} are the multipliers that belong to them. The bound by ${f('‖F(y)‖')} holds because ${f('F')} is strongly monotone.</p></div>`
}
