import { type Content, type Html, html } from '../escape.js'
import { figure, formatBytes, formatIdentifier } from '../format.js'
import { scrollingTable } from '../table.js'
import type { AreasReport } from './input.js'

/** What went in, and the one digest over all areas. */
export function provenanceSection({ summary }: AreasReport): Html {
  const { inputs, options, digest, warnings } = summary
  const { data: _, ...settings } = options
  return html`<section id="provenance" aria-labelledby="provenance-title">
<h2 id="provenance-title">Inputs and options</h2>
${warnings.length > 0 && html`<ul class="warnings">${warnings.map((warning) => html`<li><bdi>${warning}</bdi></li>`)}</ul>`}
${scrollingTable(
  'files',
  'Files read, beside the areas file',
  html`<table class="data"><thead><tr><th scope="col">File</th><th scope="col">Read for</th><th scope="col" class="number">Size</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${inputs.files.map(
    ({ file, role, bytes, sha256 }) =>
      html`<tr><th scope="row"><bdi>${file}</bdi></th><td>${formatIdentifier(role)}</td><td class="number">${figure(bytes, formatBytes(bytes))}</td><td class="hash"><code>${sha256}</code></td></tr>`,
  )}</tbody></table>`,
)}
<h3>Options</h3>
<dl class="pairs">${Object.entries(settings).map(
    ([name, value]) => html`<div><dt>${formatIdentifier(name)}</dt><dd>${optionText(value)}</dd></div>`,
  )}<div><dt>Digest over all areas</dt><dd><code>${digest}</code></dd></div></dl>
<p>Two runs have the same multipliers in every area, bit for bit, if their digests agree, whatever the order of the areas and the number of threads. Each area can be rechecked by itself:</p>
<pre><code>equipoise verify --certificate areas/KEY/certificate.json --weights areas/KEY/weights.csv --areas …</code></pre>
</section>`
}

function optionText(value: unknown): Content {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'number') return figure(value)
  return typeof value === 'string'
    ? html`<bdi>${value}</bdi>`
    : html`<code class="value">${JSON.stringify(value)}</code>`
}
