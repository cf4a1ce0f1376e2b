import type { AnyDocument } from '../../reweight/certificate-document.js'
import { type Html, html } from '../escape.js'
import { figure, formatBound, formatCount, formatNumber, formatScientific } from '../format.js'
import { formula } from '../formula.js'
import type { FigureRow } from './form.js'

/** The figure that decides, against the tolerance. */
export function holds({ distanceBound, options }: AnyDocument): Html {
  const tolerance = figure(options.tolerance, formatScientific(options.tolerance))
  if (typeof distanceBound !== 'number' || Number.isNaN(distanceBound))
    return html`≤ tolerance ${tolerance}: <strong>unknown</strong>`
  return distanceBound <= options.tolerance
    ? html`≤ tolerance ${tolerance}: <strong>holds</strong>`
    : html`> tolerance ${tolerance}: <strong>does not hold</strong>`
}

/** The bounds of the multipliers in a formula. */
export const limitsText = ({ bounds }: { bounds: [number, number] | null }): string =>
  bounds ? `${formatNumber(bounds[0])} ≤ m_i ≤ ${formatNumber(bounds[1])}` : 'lo_i ≤ m_i ≤ hi_i'

export const relativeBoundRow = (c: { relativeDistanceBound: number | null }): FigureRow => ({
  name: 'Relative distance bound',
  key: 'relativeDistanceBound',
  text: formatBound(c.relativeDistanceBound),
  meaning:
    'The same as a share of each multiplier, and so of each weight: 10⁻¹⁶ is the last digit that a computer number holds.',
  inequality: formula('|m_i − m_i*| / |m_i|'),
})

export const pivotRow = (c: { smallestPivot: number | null }): FigureRow => ({
  name: 'Smallest pivot',
  key: 'smallestPivot',
  text: formatScientific(c.smallestPivot),
  meaning:
    'Of the matrix that the method factorised: near zero, some targets nearly repeat or combine others. No part of the proof; not available from methods that factorise nothing.',
  inequality: 'for information',
})

export const atBoundRows = (c: { numAtLower: number; numAtUpper: number }): FigureRow[] => [
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
]
