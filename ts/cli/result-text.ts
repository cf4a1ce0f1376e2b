import { targetLabel } from '../data/targets.js'
import type { Comparison } from '../index.js'
import type { CertificateDocument, DocumentTarget } from '../reweight/certificate-document.js'
import { significant, textTable } from './terminal.js'

const shownTargets = 10

/** A run for a reader: the outcome in a sentence, the worst targets, the weights. */
export function resultText(
  document: CertificateDocument,
  { goldStar, files }: { goldStar: Comparison | null; files: readonly (string | undefined)[] },
): string {
  const written = files.filter((file) => file !== undefined)
  const parts = [
    outcome(document),
    figures(document),
    targets(document),
    distribution(document),
    goldStar && `Gold star: ${goldStar.sentence}`,
    written.length > 0 && `Written: ${written.join(', ')}`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

function outcome({ status, message, distanceBound }: CertificateDocument): string {
  if (status !== 'converged') return `NOT CERTIFIED (${status}): ${message}`
  return `Certified: every multiplier is within ${significant(distanceBound, 3)} of the only optimum.`
}

function figures(document: CertificateDocument): string {
  const { inputs, options, timing } = document
  const lines: [string, string][] = [
    [
      'problem',
      `${significant(inputs.numRecords, 15)} records, ${inputs.numTargets} targets, ${significant(inputs.numNonzeros, 15)} non-zeros`,
    ],
    ['method', `${document.method}, ${document.iterations} iterations, penalty ${options.penalty}`],
    ['objective', `${significant(document.objective, 12)}, of which loss ${significant(document.loss, 12)}`],
    [
      'at bounds',
      `${significant(document.numAtLower, 15)} at the lower, ${significant(document.numAtUpper, 15)} at the upper`,
    ],
    ['digest', document.digest],
    ['time', `${timing.totalSeconds.toFixed(2)} s`],
  ]
  return lines.map(([name, text]) => `${name.padEnd(10)} ${text}`).join('\n')
}

function targets(document: CertificateDocument): string {
  const worst = document.targets
    .toSorted((a, b) => Math.abs(b.relativeError ?? Infinity) - Math.abs(a.relativeError ?? Infinity))
    .slice(0, shownTargets)
  const rows = worst.map((target) => [
    targetLabel({ area: target.area ?? null, name: target.name }),
    significant(target.target, 9),
    significant(target.before, 9),
    significant(target.after, 9),
    percent(target),
  ])
  const title =
    worst.length < document.targets.length
      ? `The ${worst.length} worst of ${document.targets.length} targets`
      : 'Targets'
  const impossible = document.impossibleTargets
  return [
    title,
    textTable(['name', 'target', 'before', 'after', 'error'], rows),
    impossible.length > 0 ? `Impossible, as no record contributes: ${impossible.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

const percent = ({ target, relativeError }: DocumentTarget) =>
  target === 0 || relativeError === null ? '-' : `${significant(100 * relativeError, 4)} %`

function distribution({ distribution, designEffect, effectiveSampleSize }: CertificateDocument): string {
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
