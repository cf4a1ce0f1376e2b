import { targetLabel } from '../data/targets.js'
import type { Comparison } from '../index.js'
import type { BandDocumentTarget } from '../reweight/band-document.js'
import type { AnyDocument } from '../reweight/certificate-document.js'
import type { DocumentExplanation } from '../reweight/infeasibility-document.js'
import { significant, textTable } from './terminal.js'

const shownTargets = 10
const shownSets = 3

/** A run for a reader: the outcome in a sentence, the worst targets, the weights. */
export function resultText(
  document: AnyDocument,
  {
    goldStar,
    rounded = null,
    files,
  }: { goldStar: Comparison | null; rounded?: string | null; files: readonly (string | undefined)[] },
): string {
  const written = files.filter((file) => file !== undefined)
  const isInfeasible = document.status === 'infeasible'
  const parts = [
    outcome(document),
    isInfeasible && contradiction(document),
    priorities(document),
    figures(document),
    !isInfeasible && targets(document),
    !isInfeasible && distribution(document),
    rounded,
    goldStar && `Gold star: ${goldStar.sentence}`,
    written.length > 0 && `Written: ${written.join(', ')}`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

function outcome(document: AnyDocument): string {
  const { status, message, distanceBound } = document
  if (status === 'infeasible') return `INFEASIBLE, proven: ${message}`
  if (status !== 'converged') return `NOT CERTIFIED (${status}): ${message}`
  return `Certified: every multiplier is within ${significant(distanceBound, 3)} of the only optimum.`
}

/** How far each rank came, where the importance is an order. */
function priorities(document: AnyDocument): string | null {
  const ranks = 'priorities' in document ? document.priorities : null
  if (ranks === null) return null
  const rows = ranks.map(({ importance, targets, violation, isProven }) => [
    significant(importance, 9),
    String(targets.length),
    String(targets.filter(({ outside }) => outside !== 0).length),
    significant(violation, 4),
    isProven ? 'yes' : 'no',
  ])
  return `Priorities\n${textTable(['importance', 'targets', 'outside', 'violation', 'proven least'], rows)}`
}

/** What contradicts what, and what would help, in the names of the targets. */
function contradiction(document: AnyDocument): string | null {
  const infeasibility = 'infeasibility' in document ? document.infeasibility : null
  if (infeasibility === null) return null
  const { explanation, direction } = infeasibility
  if (explanation !== null) return explanationText(explanation)
  const named = document.targets.filter((_, j) => direction[j] !== 0)
  return `These targets cannot hold together: ${named.map(labelOf).join(', ')}`
}

function explanationText({ minimalSets, relaxations }: DocumentExplanation): string {
  const sets = minimalSets.slice(0, shownSets).map(({ sentence }) => `- ${sentence}`)
  const ways = relaxations.slice(0, shownTargets).map(({ sentence }) => `- ${sentence}`)
  return [
    sets.length > 0 && `What cannot hold together (leave out any one and the rest can):\n${sets.join('\n')}`,
    ways.length > 0 && `What would help, the cheapest first:\n${ways.join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function figures(document: AnyDocument): string {
  const { inputs, timing } = document
  const lines: [string, string][] = [
    [
      'problem',
      `${significant(inputs.numRecords, 15)} records, ${inputs.numTargets} targets, ${significant(inputs.numNonzeros, 15)} non-zeros`,
    ],
    // The last point of a problem that has no answer means nothing.
    ...(document.status === 'infeasible' ? [] : answerLines(document)),
    ['time', `${timing.totalSeconds.toFixed(2)} s`],
  ]
  return lines.map(([name, text]) => `${name.padEnd(10)} ${text}`).join('\n')
}

const answerLines = (document: AnyDocument): [string, string][] => [
  ...formLines(document),
  [
    'at bounds',
    `${significant(document.numAtLower, 15)} at the lower, ${significant(document.numAtUpper, 15)} at the upper`,
  ],
  ['digest', document.digest],
]

function formLines(document: AnyDocument): [string, string][] {
  const { iterations } = document
  const objective = significant(document.objective, 12)
  switch (document.schema) {
    case 'equipoise/reweight-certificate/1':
      return [
        ['method', `${document.method}, ${iterations} iterations, penalty ${document.options.penalty}`],
        ['objective', `${objective}, of which loss ${significant(document.loss, 12)}`],
      ]
    case 'equipoise/band-certificate/1': {
      const outside = document.targets.filter((target) => target.outside !== 0).length
      return [
        ['method', `${document.method}, ${iterations} iterations`],
        ['bands', `${bandText(document.options.band)}; ${outside} of ${inputsOf(document)} targets outside`],
        ['objective', `${objective}, of which distance ${significant(document.distance, 12)}`],
      ]
    }
    case 'equipoise/calibration-certificate/1':
      return [
        ['method', `newton, ${iterations} iterations, distance ${document.options.distance}`],
        ['totals', `met to a relative ${significant(document.constraintResidual, 3)}`],
        ['objective', objective],
      ]
  }
}

const inputsOf = ({ inputs }: AnyDocument) => inputs.numTargets

/** A band as the command line takes it. */
function bandText(band: number | { absolute: number } | { lower: number; upper: number }): string {
  if (typeof band === 'number') return `±${significant(100 * band, 6)} %`
  return 'absolute' in band ? `±${band.absolute}` : `${band.lower} to ${band.upper}`
}

function targets(document: AnyDocument): string {
  const isBands = document.schema === 'equipoise/band-certificate/1'
  const worst = (
    isBands ? document.targets.toSorted((a, b) => priceOf(a) - priceOf(b)) : byError(document.targets)
  ).slice(0, shownTargets)
  const columns = columnsOf(document)
  const rows = worst.map((target) => [labelOf(target), ...columns.map(({ text }) => text(target))])
  const all = document.targets.length
  const title =
    worst.length === all
      ? 'Targets'
      : isBands
        ? `The ${worst.length} of ${all} targets whose bands cost most`
        : `The ${worst.length} worst of ${all} targets`
  const impossible = document.impossibleTargets
  return [
    title,
    textTable(['name', ...columns.map(({ name }) => name)], rows),
    impossible.length > 0 ? `Impossible, as no record contributes: ${impossible.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

type AnyTarget = AnyDocument['targets'][number]

const byError = (targets: readonly AnyTarget[]) =>
  targets.toSorted((a, b) => Math.abs(b.relativeError ?? Infinity) - Math.abs(a.relativeError ?? Infinity))

/** Never positive: the lower, the more a wider band would help. */
const priceOf = ({ pricePerPercent }: BandDocumentTarget) => pricePerPercent ?? Number.NEGATIVE_INFINITY

interface TargetColumn {
  name: string
  text(target: AnyTarget): string
}

function columnsOf({ schema }: AnyDocument): TargetColumn[] {
  const number = (name: string, value: (target: AnyTarget) => number | null): TargetColumn => ({
    name,
    text: (target) => significant(value(target), 9),
  })
  const totals = [
    number('target', ({ target }) => target),
    number('before', ({ before }) => before),
    number('after', ({ after }) => after),
    { name: 'error', text: percent },
  ]
  if (schema !== 'equipoise/band-certificate/1') return totals
  const band = (text: (target: BandDocumentTarget) => string) => (target: AnyTarget) =>
    text(target as BandDocumentTarget)
  return [
    ...totals,
    { name: 'outside', text: band(({ outside }) => (outside === 0 ? '-' : significant(outside, 4))) },
    { name: '+1 % costs', text: band(({ pricePerPercent }) => significant(pricePerPercent, 4)) },
  ]
}

const labelOf = (target: AnyTarget) => targetLabel({ area: target.area ?? null, name: target.name })

const percent = ({ target, relativeError }: AnyTarget) =>
  target === 0 || relativeError === null ? '-' : `${significant(100 * relativeError, 4)} %`

function distribution({ distribution, designEffect, effectiveSampleSize }: AnyDocument): string {
  const { minimum, quantiles, maximum, sumOfWeightsBefore, sumOfWeightsAfter } = distribution
  const points = [
    { name: 'least', value: minimum },
    ...quantiles.map(({ probability, value }) => ({ name: `${significant(100 * probability)} %`, value })),
    { name: 'largest', value: maximum },
  ]
  return [
    'Multipliers',
    textTable(
      ['', ...points.map(({ name }) => name)],
      [['multiplier', ...points.map(({ value }) => significant(value, 4))]],
    ),
    `Sum of weights ${significant(sumOfWeightsBefore, 9)} before, ${significant(sumOfWeightsAfter, 9)} after; design effect ${significant(designEffect, 5)}, effective sample size ${significant(effectiveSampleSize, 6)}`,
  ].join('\n')
}
