import type { CertificateDocument } from '../../reweight/certificate-document.js'
import { type Content, type Html, html } from '../escape.js'
import { exactDigits, figure, formatBound, formatCount, formatNumber, formatScientific } from '../format.js'
import { formula } from '../formula.js'
import type { Report } from '../report.js'

interface Row {
  name: string
  key: keyof CertificateDocument
  text: string
  meaning: Content
  inequality: Content
}

/** Each figure of the independent check: its value, one sentence of meaning, and the inequality it stands for. */
export function certificateSection({ certificate }: Report): Html {
  return html`<section id="certificate" aria-labelledby="certificate-title">
<h2 id="certificate-title">The certificate</h2>
<p>Every figure here was computed from the data by the independent check, after the method had ended. <span class="on-screen">Point at a figure to see all its digits.</span></p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="certificate-title"><table class="figures" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col">Figure</th><th scope="col" class="number">Value</th><th scope="col">What it means</th><th scope="col">What it states</th></tr></thead>
<tbody role="rowgroup">${rows(certificate).map(figureRow(certificate))}</tbody>
</table></div>
${problemStatement(certificate)}
</section>`
}

function figureRow(certificate: CertificateDocument): (row: Row) => Html {
  return ({ name, key, text, meaning, inequality }) => {
    const value = certificate[key]
    const exact = typeof value === 'number' ? exactDigits(value) : ''
    return html`<tr role="row"><th scope="row" role="rowheader">${name}<br> <code>${key}</code></th><td role="cell" class="number" title="${exact}">${text}</td><td role="cell">${meaning}</td><td role="cell" class="formula">${inequality}</td></tr>
`
  }
}

function rows(certificate: CertificateDocument): Row[] {
  const c = certificate
  return [
    {
      name: 'Distance bound',
      key: 'distanceBound',
      text: formatBound(c.distanceBound),
      meaning:
        'No multiplier in the weights file is farther than this from the one best answer. This is the figure that decides.',
      inequality: html`${formula('|m_i − m_i*| ≤ max_i (|m_i − m_i(y)| + ‖F(y)‖ / (2√λ_i))')}<br>${holds(c)}`,
    },
    {
      name: 'Relative distance bound',
      key: 'relativeDistanceBound',
      text: formatBound(c.relativeDistanceBound),
      meaning:
        'The same as a share of each multiplier, and so of each weight: 10⁻¹⁶ is the last digit that a computer number holds.',
      inequality: formula('|m_i − m_i*| / |m_i|'),
    },
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
    {
      name: 'At the lower bound',
      key: 'numAtLower',
      text: formatCount(c.numAtLower),
      meaning: 'Records whose weight would have gone lower still.',
      inequality: formula('m_i = lo_i'),
    },
    {
      name: 'At the upper bound',
      key: 'numAtUpper',
      text: formatCount(c.numAtUpper),
      meaning: 'Records whose weight would have gone higher still.',
      inequality: formula('m_i = hi_i'),
    },
    {
      name: 'Smallest pivot',
      key: 'smallestPivot',
      text: formatScientific(c.smallestPivot),
      meaning:
        'Of the matrix that the method factorised: near zero, some targets nearly repeat or combine others. No part of the proof; not available from methods that factorise nothing.',
      inequality: 'for information',
    },
  ]
}

function holds({ distanceBound, options }: CertificateDocument): Html {
  const tolerance = figure(options.tolerance, formatScientific(options.tolerance))
  if (typeof distanceBound !== 'number' || Number.isNaN(distanceBound))
    return html`≤ tolerance ${tolerance}: <strong>unknown</strong>`
  return distanceBound <= options.tolerance
    ? html`≤ tolerance ${tolerance}: <strong>holds</strong>`
    : html`> tolerance ${tolerance}: <strong>does not hold</strong>`
}

function problemStatement({ options }: CertificateDocument): Html {
  const limits = options.bounds
    ? `${formatNumber(options.bounds[0])} ≤ m_i ≤ ${formatNumber(options.bounds[1])}`
    : 'lo_i ≤ m_i ≤ hi_i'
  const f = formula
  return html`<div class="problem"><h3>The problem in one line</h3>
<p class="display">minimise&ensp;${f('P(m) = Σ_j ( Σ_i B_ij m_i − c_j )² + Σ_i λ_i ( m_i − 1 )²')}&ensp;subject to&ensp;${f(limits)}</p>
<p>Here ${f('m_i')} is the multiplier of record ${f('i')} and ${f('m*')} the best answer; ${f('w_i')} is the design weight, ${f('A_ij')} what record ${f('i')} adds to target ${f('j')} per unit of weight,
and ${f('t_j')} the target. ${f('B_ij = w_i A_ij / s_j')} and ${f('c_j = t_j / s_j')}, with the scale ${f('s_j = t_j + 1')} where no other is given;
${f('λ_i = penalty · L₀ · w_i² / Σw²')}, where ${f('L₀')} is the loss of the design weights. ${f('y')} holds one dual value per target, ${f('D(y)')} is the lower bound on ${f('P')} that these
values prove, and ${f('m(y)')} are the multipliers that belong to them. The bound by ${f('‖F(y)‖')} holds because ${f('F')} is strongly monotone.</p></div>`
}
