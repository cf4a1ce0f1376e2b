// Rows as Markdown tables and as CSV.
import { referenceLabel } from './plan.mjs'

/** The order in which the parts of a solve happen. */
const partOrder = ['form', 'passes', 'gram', 'cholesky', 'finish', 'certificate', 'report']

const columns = {
  solver: (r) => r.label,
  version: (r) => r.version,
  threads: (r) => r.threads,
  records: (r) => r.records,
  targets: (r) => r.targets,
  nonzeros: (r) => r.nonzeros,
  penalty: (r) => r.penalty,
  tolerance: (r) => r.tolerance,
  lower_bound: (r) => r.lower,
  upper_bound: (r) => r.upper,
  outcome: (r) => r.outcome,
  time_limit_reached: (r) => r.timeLimit,
  iterations: (r) => r.iterations,
  runs: (r) => r.runs,
  prepare_seconds: (r) => r.prepareSeconds,
  seconds: (r) => r.seconds,
  time_ratio: (r) => r.timeRatio,
  time_ratio_with_preparation: (r) => r.timeRatioWithPreparation,
  objective: (r) => r.objective,
  true_distance: (r) => r.trueDistance,
  peak_bytes_above_start: (r) => r.peakBytes,
  allowed_bytes: (r) => r.allowedBytes,
  distance_bound: (r) => r.certificate?.distanceBound,
  relative_distance_bound: (r) => r.certificate?.relativeDistanceBound,
  bound_before_rounding: (r) => r.certificate?.boundBeforeRounding,
  floor_gram_seconds: (r) => r.floor?.gramSeconds,
  floor_cholesky_seconds: (r) => r.floor?.choleskySeconds,
  floor_ratio: (r) => r.floor?.ratio,
  digest: (r) => r.digest,
}

/** All rows, one column per number; the parts of our time have columns of their own. */
export function toCsv(rows) {
  const parts = partNames(rows)
  const lines = [[...Object.keys(columns), ...parts.map(snakeCase)]]
  for (const row of rows) {
    lines.push([...Object.values(columns).map((of) => of(row)), ...parts.map((part) => row.parts?.[part])])
  }
  return lines
    .map((line) => line.map(csvField).join(','))
    .join('\n')
    .concat('\n')
}

/** Every solver: time, ratio, outcome, distance from the optimum, memory. */
export function comparisonTable(rows) {
  const head = ['records × targets', 'problem', 'solver', 'preparation s', 'solve s', '× ours', 'iterations']
  return markdown(
    [...head, 'outcome', 'objective', 'max abs(m − m*)', 'peak MB'],
    rows.map((r) => [
      `${r.records.toLocaleString('en-US')} × ${r.targets}`,
      r.form,
      r.label,
      fixed(r.prepareSeconds, 3),
      `${r.timeLimit ? '> ' : ''}${fixed(r.seconds, 3)}`,
      `${r.timeLimit ? '> ' : ''}${r.timeRatio < 10 ? r.timeRatio.toFixed(2) : r.timeRatio.toFixed(0)}`,
      r.iterations,
      r.timeLimit ? `time limit (${r.limit} s)` : r.outcome,
      r.objective?.toPrecision(12),
      distance(r),
      fixed(r.peakBytes / 1e6, 0),
    ]),
  )
}

/** The parts of our time, against the floor of one Gram matrix and one Cholesky factorisation; bounds; memory. */
export function oursTable(rows) {
  const ours = rows.filter((r) => r.floor)
  const parts = partNames(ours)
  const title = (part) => part.replace('Seconds', '')
  return markdown(
    [
      ...['records × targets', 'problem', 'threads', ...parts.map(title), 'total ms'],
      ...['one Gram + one Cholesky', 'total / floor', 'bound before rounding', 'relative bound'],
      ...['peak MB', '/ allowed', 'digest'],
    ],
    ours.map((r) => [
      `${r.records.toLocaleString('en-US')} × ${r.targets}`,
      r.form,
      r.threads,
      ...parts.map((part) => milliseconds(r.parts[part])),
      milliseconds(r.seconds),
      `${milliseconds(r.floor.gramSeconds)} + ${milliseconds(r.floor.choleskySeconds)}`,
      r.floor.ratio.toFixed(2),
      r.certificate.boundBeforeRounding.toExponential(1),
      r.certificate.relativeDistanceBound.toExponential(1),
      fixed(r.peakBytes / 1e6, 0),
      fixed(r.peakBytes / r.allowedBytes, 2),
      `\`${r.digest}\``,
    ]),
  )
}

/** The band form: every solver, with and without what comes before its solve. */
export function bandsTable(rows) {
  const head = ['records × targets', 'bands, bounds', 'solver', 'preparation s', 'solve s', '× ours']
  return markdown(
    [...head, '× ours with preparation', 'iterations', 'outcome', 'objective', 'max abs(m − m*)', 'peak MB'],
    rows.map((r) => [
      `${r.records.toLocaleString('en-US')} × ${r.targets}`,
      r.form,
      r.label,
      fixed(r.prepareSeconds, 3),
      fixed(r.seconds, 3),
      fixed(r.timeRatio, r.timeRatio < 10 ? 2 : 0),
      fixed(r.timeRatioWithPreparation, r.timeRatioWithPreparation < 10 ? 2 : 0),
      r.iterations,
      r.outcome,
      r.objective?.toPrecision(12),
      distance(r),
      fixed(r.peakBytes / 1e6, 0),
    ]),
  )
}

function distance(r) {
  if (r.label === referenceLabel) return `≤ ${r.certificate.distanceBound.toExponential(1)} (certified)`
  return r.trueDistance?.toExponential(1)
}

function partNames(rows) {
  const names = new Set(rows.filter((r) => r.floor).flatMap((r) => Object.keys(r.parts)))
  const rank = (name) =>
    (partOrder.indexOf(name.replace('Seconds', '')) + partOrder.length) % partOrder.length
  return [...names].sort((a, b) => rank(a) - rank(b))
}

const milliseconds = (seconds) => fixed(1000 * seconds, 1)
const fixed = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : undefined)
const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function csvField(value) {
  const text = String(value ?? '')
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function markdown(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
