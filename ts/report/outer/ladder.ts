import { type Html, html, nameOf } from '../escape.js'
import { figure, formatCount, formatIdentifier, formatNumber } from '../format.js'
import { scrollingTable } from '../table.js'
import { type AttemptRecord, type OuterReportInput, parameterName, type SeedRecord } from './input.js'
import { SOLVER_NAMES } from './words.js'

/** Every attempt of the ladder and every start of each. */
export function ladderSection({ result }: OuterReportInput): Html | undefined {
  const { attempts } = result
  if (attempts.length === 0) return undefined
  return html`<section id="attempts" aria-labelledby="attempts-title">
<h2 id="attempts-title">Attempts and starts</h2>
${scrollingTable(
  'attempt-table',
  'Solvers tried, in order; the best point of all is the answer',
  html`<table class="data"><thead><tr><th scope="col">Solver</th><th scope="col">Ended because</th><th scope="col" class="number">Runs</th><th scope="col" class="number">Iterations</th><th scope="col" class="number">Lowest criterion</th></tr></thead>
<tbody>${attempts.map(attemptRow)}</tbody></table>`,
)}
${attempts.map((attempt, index) => seedTable(attempt, index))}
</section>`
}

function attemptRow({ plan, stopReason, runs, iterations, value, fallback }: AttemptRecord): Html {
  const reason = stopReason ? formatIdentifier(stopReason) : 'no start gave a result'
  const handedOver = fallback && `; handed over: ${formatIdentifier(fallback.reason).toLowerCase()}`
  return html`<tr><th scope="row">${SOLVER_NAMES[plan.solver] ?? plan.solver}</th><td>${reason}${handedOver}</td><td class="number">${formatCount(runs)}</td><td class="number">${formatCount(iterations)}</td><td class="number">${figure(value, formatNumber(value, 9))}</td></tr>`
}

function seedTable({ seeds }: AttemptRecord, index: number): Html | undefined {
  if (seeds.length === 0) return undefined
  return scrollingTable(
    `seeds-${index + 1}`,
    `Starts of attempt ${index + 1}`,
    html`<table class="data"><thead><tr><th scope="col">Start</th><th scope="col">Ended because</th><th scope="col" class="number">Iterations</th><th scope="col" class="number">Criterion reached</th><th scope="col">From</th></tr></thead>
<tbody>${seeds.map(seedRow)}</tbody></table>`,
  )
}

/** Beyond this many coordinates a start is not printed in full. */
const MOST_COORDINATES = 8

function seedRow({ seed, start, value, iterations, converged, stopReason }: SeedRecord): Html {
  const shown = Array.from(start).slice(0, MOST_COORDINATES)
  const text = shown.map((x) => formatNumber(x)).join(', ') + (start.length > shown.length ? ', …' : '')
  return html`<tr><th scope="row">${formatCount(seed + 1)}</th><td>${formatIdentifier(stopReason)}${!converged && ' (not stationary)'}</td><td class="number">${formatCount(iterations)}</td><td class="number">${figure(value, formatNumber(value, 9))}</td><td><code>${text}</code></td></tr>`
}

/** The point itself. */
export function parametersSection(input: OuterReportInput): Html | undefined {
  const { rho, finalGradient, criterionCertificate: audit } = input.result
  if (rho.length === 0) return undefined
  const railed = new Set([...(audit?.lambdasRailed ?? []), ...(audit?.psiRailed ?? [])])
  return html`<section id="parameters" aria-labelledby="parameters-title">
<h2 id="parameters-title">The point</h2>
${scrollingTable(
  'parameter-table',
  'All parameters; point at a figure to see all its digits',
  html`<table class="data"><thead><tr><th scope="col">Parameter</th><th scope="col" class="number">Value</th><th scope="col" class="number">Gradient</th><th scope="col">Remark</th></tr></thead>
<tbody>${Array.from(
    rho,
    (value, index) =>
      html`<tr><th scope="row">${nameOf(parameterName(input, index))}</th><td class="number">${figure(value, formatNumber(value, 6))}</td><td class="number">${finalGradient ? figure(finalGradient[index]) : 'n/a'}</td><td>${railed.has(index) && html`<span class="tag">at a bound</span>`}</td></tr>`,
  )}</tbody></table>`,
)}
</section>`
}

/** What a second run can be compared with. */
export function provenanceSection({ result }: OuterReportInput): Html {
  const { digest, cache } = result
  return html`<section id="provenance" aria-labelledby="provenance-title">
<h2 id="provenance-title">Cache and digest</h2>
<dl class="pairs"><div><dt>Digest of the point and its value</dt><dd><code class="value">${digest}</code></dd></div>
${cache && html`<div><dt>Cache, key <code>${cache.key}</code></dt><dd>${formatIdentifier(cache.outcome)}${cache.reason && html`: <bdi>${cache.reason}</bdi>`}${cache.saved && '; the answer was stored'}</dd></div>`}</dl>
<p>Two runs found the same point, bit for bit, if their digests agree.</p>
</section>`
}
