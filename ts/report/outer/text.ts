import { formatCount, formatIdentifier, formatNumber, formatScientific } from '../format.js'
import { type OuterReportInput, parameterName } from './input.js'
import { outcomeOf, SOLVER_NAMES, totalEvaluations, UNCERTAINTY_VERDICTS } from './words.js'

/** The same report as text for a terminal or a log. */
export function outerReportText(input: OuterReportInput): string {
  return [
    ...verdict(input),
    ...parameters(input),
    ...certificate(input),
    ...attempts(input),
    ...path(input),
  ].join('\n')
}

function verdict({ title, result }: OuterReportInput): string[] {
  const { badge, headline } = outcomeOf(result)
  return [
    title,
    `${badge}: ${headline}`,
    `${formatIdentifier(result.stopReason)}: ${result.message}`,
    `criterion ${formatNumber(result.finalValue, 12)}, ${formatCount(result.iterations)} iterations, ${formatCount(totalEvaluations(result))} evaluations, digest ${result.digest}`,
  ]
}

function parameters(input: OuterReportInput): string[] {
  const rows = Array.from(
    input.result.rho,
    (value, k) => [parameterName(input, k), formatNumber(value, 8)] as const,
  )
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return ['', 'Parameters', ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)]
}

function certificate({ result }: OuterReportInput): string[] {
  const { criterionCertificate: audit, stationarity, certificateAbsent, uncertainty } = result
  const lines = ['', 'Certificate']
  if (stationarity) {
    const { projectedGradient, gradientLimit, holds } = stationarity
    lines.push(
      `  ${holds ? 'stationary' : 'NOT stationary'}: projected gradient ${formatScientific(projectedGradient)}, limit ${formatScientific(gradientLimit)}`,
    )
  }
  lines.push(audit ? `  ${audit.summary}` : `  no audit: ${certificateAbsent ?? 'no gradient'}`)
  if (uncertainty) {
    const { verdict, reason, kHat } = uncertainty
    const shape = typeof kHat === 'number' ? ` (k-hat ${formatNumber(kHat, 3)})` : ''
    lines.push(
      `  ${UNCERTAINTY_VERDICTS[verdict] ?? verdict}${reason === undefined ? '' : ` ${reason}`}${shape}`,
    )
  }
  return lines
}

function attempts({ result }: OuterReportInput): string[] {
  return [
    '',
    'Attempts',
    ...result.attempts.flatMap(({ plan, stopReason, iterations, seeds }, k) => [
      `  ${k + 1}. ${SOLVER_NAMES[plan.solver] ?? plan.solver}: ${stopReason ? formatIdentifier(stopReason) : 'no start gave a result'}, ${formatCount(iterations)} iterations`,
      ...seeds.map(
        (seed) =>
          `     start ${seed.seed + 1}: criterion ${formatNumber(seed.value, 9)}, ${formatCount(seed.iterations)} iterations, ${formatIdentifier(seed.stopReason).toLowerCase()}`,
      ),
    ]),
  ]
}

function path({ result }: OuterReportInput): string[] {
  if (result.path.length === 0) return []
  return [
    '',
    'Path (iteration, criterion, projected gradient, step)',
    ...result.path.map(({ iteration, value, projectedGradientNorm, stepNorm }) =>
      [
        `  ${formatCount(iteration).padStart(4)}`,
        formatNumber(value, 12).padStart(18),
        cell(projectedGradientNorm),
        cell(stepNorm),
      ].join('  '),
    ),
  ]
}

const cell = (value: number | null | undefined): string =>
  (typeof value === 'number' ? value.toExponential(2) : '–').padStart(9)
