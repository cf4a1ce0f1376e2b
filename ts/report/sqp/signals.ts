import { type Html, html } from '../escape.js'
import { figure, formatIdentifier, formatScientific } from '../format.js'
import type { SqpDiagnosis, SqpReportDocument, SqpSignal, SqpSuggestion } from './document.js'
import { toNumber } from './number.js'

export const SIGNAL_STYLES = `
.signal { margin: 1.6rem 0; padding: .2rem 1.2rem .8rem; border-left: 4px solid var(--rule-strong); }
.signal.high { border-color: var(--bad); }
.signal.medium { border-color: var(--caution); }
.signal h3 { margin: .6rem 0 .2rem; }
.signal .trust { color: var(--muted); font-size: .9rem; }
.signal ul { margin: 0 0 .8rem; padding-left: 1.2rem; }
`

/** Every signal with its evidence and what to try, then what they mean together. */
export function signalsSection(report: SqpReportDocument): Html | undefined {
  const { signals, lessLikely, diagnoses } = report
  if (signals.length + lessLikely.length === 0) {
    return html`<section id="signals" aria-labelledby="signals-title">
<h2 id="signals-title">What looks suspicious</h2>
<p>No signal fired.</p>
</section>`
  }
  return html`<section id="signals" aria-labelledby="signals-title">
<h2 id="signals-title">What looks suspicious</h2>
<p>Each signal is a hypothesis with its evidence, not a verdict.</p>
${diagnoses.map(diagnosisCard)}
${signals.length > 0 ? signals.map(signalCard) : html`<p>None of the signals that fired bears on this kind of end.</p>`}
${lessLikely.length > 0 && html`<h3>Less likely to matter for this end</h3>${lessLikely.map(signalCard)}`}
</section>`
}

function diagnosisCard(diagnosis: SqpDiagnosis): Html {
  return html`<article class="signal ${diagnosis.confidence}">
<h3>${formatIdentifier(diagnosis.name)}</h3>
<p class="trust">${formatIdentifier(diagnosis.confidence)} confidence, from ${diagnosis.relatedSignals.map((name, index) => html`${index > 0 && ', '}<a href="#signal-${name}"><code>${name}</code></a>`)}</p>
<p>${diagnosis.cause}</p>
<ul>${diagnosis.suggestions.map(suggestionItem)}</ul>
</article>
`
}

function signalCard(signal: SqpSignal): Html {
  const evidence = Object.entries(signal.evidence)
  return html`<article class="signal ${signal.confidence}" id="signal-${signal.name}">
<h3><code>${signal.name}</code></h3>
<p class="trust">${formatIdentifier(signal.confidence)} confidence: ${signal.specificity}, ${signal.magnitude}${signal.offendingStep !== null && html`; look at step ${signal.offendingStep}`}</p>
<p>${signal.summary}</p>
<p>${signal.detail}</p>
${evidence.length > 0 && html`<dl class="pairs">${evidence.map(([name, value]) => html`<div><dt><code>${name}</code></dt><dd>${figure(toNumber(value), formatScientific(toNumber(value), 4))}</dd></div>`)}</dl>`}
<h4>Try</h4>
<ul>${signal.suggestions.map(suggestionItem)}</ul>
</article>
`
}

export function suggestionItem(suggestion: SqpSuggestion | undefined): Html {
  const changes = suggestion?.changes ?? []
  return html`<li>${suggestion?.text}${changes.map(({ option, value }) => html` <code>${option}: ${JSON.stringify(value)}</code>`)}</li>`
}
