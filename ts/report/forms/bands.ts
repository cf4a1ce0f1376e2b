import type { BandDocument, BandDocumentTarget } from '../../reweight/band-document.js'
import type { Band } from '../../reweight/bands-types.js'
import { type Content, type Html, html } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatPercent, formatScientific } from '../format.js'
import { formula } from '../formula.js'
import type { TargetLine } from '../summary.js'
import type { AnyTarget, FigureRow, FormView } from './form.js'
import { atBoundRows, holds, limitsText, pivotRow, relativeBoundRow } from './shared.js'

export function bandsView(document: BandDocument): FormView {
  const { options, targets } = document
  const isHard = options.weight === 'hard'
  return {
    asked: html`so that each total lies within a band around its target (${bandText(options.band)}${options.overrides.length > 0 && ', some targets with bands of their own'}), while the
multipliers stay as close to 1 as that allows. ${
      isHard
        ? 'No band may be missed: if they cannot hold together there is no answer.'
        : html`A band may be missed at a price (here ${weightText(options.weight)} times the square of the relative miss): where bands contradict one another, the nearest totals are found.`
    }`,
    advice: {
      not_certified: ['Try a smaller weight of the bands (--elastic), or wider bands.'],
      infeasible: [
        'Widen a band that the contradiction names, or move the bounds of the multipliers apart.',
        'Solve with elastic bands (--elastic 1e6): the answer then shows which bands are missed, and by how much.',
      ],
    },
    met: (lines) => metTile(targets, lines),
    certificateRows: certificateRows(document),
    problem: problemStatement(document),
    options: [
      ['Form', 'bands'],
      ['Band', bandText(options.band)],
      ...options.overrides.map(
        ({ match, band, weight }) =>
          [
            html`Band of <bdi>${match}</bdi>`,
            html`${band !== undefined && bandText(band)}${weight !== undefined && html` weight ${weightText(weight)}`}`,
          ] as unknown as readonly [string, Content],
      ),
      ['Weight of the bands', weightText(options.weight)],
    ],
    optionNames: ['band', 'overrides', 'weight'],
    targetColumns: [
      column('Band', 'text', (target) => ({ text: edges(target), value: null })),
      column('Outside', 'size', ({ outside }) => ({
        text: outside === 0 ? '' : formatNumber(outside, 3),
        value: outside,
      })),
      column('If 1% wider', 'size', ({ pricePerPercent }) => ({
        text: formatNumber(pricePerPercent, 3),
        value: pricePerPercent,
      })),
    ],
    aboutColumns:
      '“If 1% wider” is the change of the objective if the band of the target were wider by 1% of it at both edges: the more negative, the more its narrowness costs.',
  }
}

const column = (
  title: string,
  sort: 'size' | 'text',
  cell: (target: BandDocumentTarget) => { text: Content; value: number | null },
) => ({ title, sort, cell: (target: AnyTarget) => cell(target as BandDocumentTarget) })

/** Lower and upper edge. */
export const edges = ({ lower, upper }: BandDocumentTarget): string =>
  `${formatNumber(lower, 5)} to ${formatNumber(upper, 5)}`

export function bandText(band: Band): string {
  if (typeof band === 'number') return `±${formatPercent(band)}`
  return 'absolute' in band
    ? `±${formatNumber(band.absolute)}`
    : `${formatNumber(band.lower)} to ${formatNumber(band.upper)}`
}

const weightText = (weight: number | 'hard'): Html =>
  weight === 'hard' ? html`hard` : figure(weight, formatScientific(weight))

function metTile(
  targets: readonly BandDocumentTarget[],
  lines: readonly TargetLine[],
): [string, Html, Html | string] {
  const count = lines.filter((line) => !line.isImpossible).length
  const inside = targets.filter((target) => target.outside === 0).length
  const before = targets.filter(
    ({ before, lower, upper }) =>
      before !== null && lower !== null && upper !== null && before >= lower && before <= upper,
  ).length
  return [
    'Targets within their bands',
    html`${formatCount(inside)}<small> of ${formatCount(count)}</small>`,
    `before: ${formatCount(before)}`,
  ]
}

function certificateRows(c: BandDocument): FigureRow[] {
  return [
    {
      name: 'Distance bound',
      key: 'distanceBound',
      text: formatBound(c.distanceBound),
      meaning:
        'No multiplier in the weights file is farther than this from the one best answer. This is the figure that decides.',
      inequality: html`${formula('|m_i − m_i*|')}<br>${holds(c)}`,
    },
    relativeBoundRow(c),
    {
      name: 'Bound before rounding',
      key: 'boundBeforeRounding',
      text: formatBound(c.boundBeforeRounding),
      meaning:
        'The same bound for the answer with about 31 digits, before it was rounded to the 16 that a computer number holds.',
      inequality: c.structureProven
        ? 'by the proven set of records at their bounds and of bands that press'
        : html`${formula('√M ‖g‖ / (2√d_i)')}, or by the gap`,
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
      inequality: formula('‖g(y)‖'),
    },
    {
      name: 'Largest violation',
      key: 'largestViolation',
      text: formatScientific(c.largestViolation),
      meaning: 'The most by which a total lies outside its band, relative to its target.',
      inequality: formula('max_j dist((Bᵀm)_j, [lb_j, ub_j])'),
    },
    {
      name: 'Stationarity',
      key: 'stationarity',
      text: formatScientific(c.stationarity),
      meaning:
        'The steepest way downhill that is still open without leaving the bounds: zero at the best answer.',
      inequality: html`largest entry of the projected gradient of the Lagrangian at ${formula('m')}`,
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
      meaning: 'What was made as small as possible: changes of the weights and missed bands together.',
      inequality: formula('P(m) = Σ_i d_i (m_i − 1)² + Σ_j M_j dist_j²'),
    },
    {
      name: 'Distance',
      key: 'distance',
      text: formatNumber(c.distance, 6),
      meaning: 'The part of the objective that the changes of the weights make.',
      inequality: formula('Σ_i d_i (m_i − 1)²'),
    },
    {
      name: 'Cost of the bands',
      key: 'bandCost',
      text: formatNumber(c.bandCost, 6),
      meaning: 'The part of the objective that totals outside their bands make.',
      inequality: formula('Σ_j M_j dist((Bᵀm)_j, [lb_j, ub_j])²'),
    },
    ...atBoundRows(c),
    pivotRow(c),
  ]
}

function problemStatement({ options }: BandDocument): Html {
  const f = formula
  return html`<div class="problem"><h3>The problem in one line</h3>
<p class="display">minimise&ensp;${f('P(m) = Σ_i d_i ( m_i − 1 )² + Σ_j M_j dist( Σ_i B_ij m_i , [lb_j, ub_j] )²')}&ensp;subject to&ensp;${f(limitsText(options))}</p>
<p>Here ${f('m_i')} is the multiplier of record ${f('i')} and ${f('m*')} the best answer; ${f('w_i')} is the design weight, ${f('A_ij')} what record ${f('i')} adds to target ${f('j')} per unit of weight,
${f('t_j')} the target and ${f('B_ij = w_i A_ij / s_j')} with the scale ${f('s_j = |t_j|')} where no other is given. ${f('[lb_j, ub_j]')} is the band in the same units, ${f('dist')} the distance from it, ${f('M_j')} its
weight (hard bands: infinite) and ${f('d_i')} the cost of changing a record, 1 where no other is given. ${f('y')} holds one dual value per target, and ${f('D(y)')} is the lower bound on ${f('P')} that these values prove.</p></div>`
}
