import type { AnyDocument, DocumentTiming } from '../../reweight/certificate-document.js'
import { type Content, type Html, html, nameOf } from '../escape.js'
import {
  figure,
  formatBytes,
  formatCount,
  formatIdentifier,
  formatNumber,
  formatPercent,
  formatScientific,
  formatSeconds,
} from '../format.js'
import type { Report } from '../report.js'
import { scrollingTable } from '../table.js'

/** What went in: files with their hashes, the options, and where the time went. */
export function provenanceSection(report: Report): Html {
  return html`<section id="provenance" aria-labelledby="provenance-title">
<h2 id="provenance-title">Inputs, options and timing</h2>
${inputFiles(report)}
<div class="columns">
<div><h3>Data</h3>${pairs(dataPairs(report))}</div>
<div><h3>Options</h3>${pairs(optionPairs(report))}</div>
<div><h3>Timing</h3>${timing(report.certificate.timing)}</div>
</div>
</section>`
}

function inputFiles({ certificate }: Report): Html {
  const { files } = certificate.inputs
  if (files.length === 0) return html`<p>The data came from memory, not from files.</p>`
  return scrollingTable(
    'files',
    'Files read',
    html`<table class="data">
<thead><tr><th scope="col">File</th><th scope="col">Read for</th><th scope="col" class="number">Size</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${files.map(
      ({ file, role, bytes, sha256 }) =>
        html`<tr><th scope="row"><bdi>${file}</bdi></th><td>${formatIdentifier(role)}</td><td class="number">${figure(bytes, formatBytes(bytes))}</td><td class="hash"><code>${sha256}</code></td></tr>`,
    )}</tbody></table>`,
  )
}

type Pair = readonly [name: string, value: Content]

function dataPairs({ certificate }: Report): Pair[] {
  const { inputs, digest } = certificate
  return [
    ['Records', formatCount(inputs.numRecords)],
    ['Targets', formatCount(inputs.numTargets)],
    ['Entries of the data matrix', formatCount(inputs.numNonzeros)],
    ['Records left out', formatCount(inputs.droppedRecords)],
    ['Digest of the multipliers', html`<code>${digest}</code>`],
    ['Certificate format', html`<code>${nameOf(certificate.schema)}</code>`],
  ]
}

function optionPairs({ certificate, form }: Report): Pair[] {
  const { tolerance, bounds, maxIterations, timeLimitSeconds, ...others } = certificate.options
  const named = Object.entries(others).filter(([name]) => name !== 'form' && !form.optionNames.includes(name))
  return [
    ...form.options,
    ['Bounds', bounds ? html`${figure(bounds[0])} to ${figure(bounds[1])}` : withoutBounds(certificate)],
    ['Tolerance', figure(tolerance, formatScientific(tolerance))],
    ['Iteration limit', maxIterations === null ? 'the method’s own' : formatCount(maxIterations)],
    ['Time limit', timeLimitSeconds === null ? 'none' : formatSeconds(timeLimitSeconds)],
    ...named.flatMap(([name, value]) => pairsOf(name, value)),
  ]
}

const withoutBounds = ({ schema }: AnyDocument) =>
  schema === 'equipoise/calibration-certificate/1' ? 'none' : 'given for each record'

/** An option, or the entries of one that is a group. */
function pairsOf(name: string, value: unknown): Pair[] {
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isGroup) return [[formatIdentifier(name), optionValue(value)]]
  return Object.entries(value).map(([entry, inner]) => [formatIdentifier(entry), optionValue(inner)])
}

function optionValue(value: unknown): Content {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return figure(value)
  if (typeof value === 'string') return html`<bdi>${value}</bdi>`
  if (Array.isArray(value))
    return value.length === 0 ? 'none' : value.map((one, i) => html`${i > 0 && ', '}${optionValue(one)}`)
  return html`<code class="value">${JSON.stringify(value)}</code>`
}

function timing({ totalSeconds, threads, ...parts }: DocumentTiming): Html {
  const rows = Object.entries(parts).filter((part): part is [string, number] => typeof part[1] === 'number')
  return pairs([
    ...rows.map(
      ([name, seconds]) =>
        [
          formatIdentifier(name.replace(/Seconds$/, '')),
          html`${figure(seconds, formatSeconds(seconds))} <small>(${formatPercent(totalSeconds > 0 ? seconds / totalSeconds : Number.NaN, 2)})</small>`,
        ] as const,
    ),
    ['In all', html`<strong>${figure(totalSeconds, formatSeconds(totalSeconds))}</strong>`],
    ['Threads', threads === undefined ? 'not recorded' : formatNumber(threads)],
  ])
}

function pairs(entries: readonly Pair[]): Html {
  return html`<dl class="pairs">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
