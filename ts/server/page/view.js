/** What a result looks like. Every text goes in as text: nothing that a client named can become markup. */

const SVG = 'http://www.w3.org/2000/svg'

/** An element with attributes and children; texts become text nodes. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false))
  return node
}

function drawing(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  node.append(...children)
  return node
}

const percent = (weight) => `${(100 * Number(weight)).toFixed(2)} %`
const share = (weight) => Math.min(Math.max(Number(weight), 0), 1) * 100

/**
 * The whole outcome of a run. `apply` is called with the changes of a relaxation that was chosen.
 */
export function resultView(request, result, apply) {
  const parts = [
    verdict(result),
    infeasibility(result, apply),
    weights(result),
    cashBar(request, result),
    groupGauges(request, result),
    bindingRules(result),
    sideBySide(result),
    intents(result),
    rules(result),
    warnings(result),
  ]
  return parts.filter((part) => part !== undefined)
}

function verdict(result) {
  const meaning = {
    READY: 'Every rule holds: the trades below can be carried out.',
    PENDING_REVIEW: 'Somebody should look at this first.',
    BLOCKED: 'Nothing can be carried out.',
  }
  return element(
    'div',
    { class: `verdict ${result.status}` },
    element('p', { class: 'badge' }, result.status),
    element('p', {}, meaning[result.status] ?? ''),
    element(
      'p',
      { class: 'note' },
      `${result.target_method}, ${result.rounding_mode}; run ${result.rebalance_run_id}`,
    ),
  )
}

function section(title, ...children) {
  return element('section', {}, element('h3', {}, title), ...children)
}

function table(heads, rows, classes = []) {
  const cell = (value, index) => {
    const isNumber = heads[index]?.startsWith('#')
    const node = element(index === 0 ? 'th' : 'td', index === 0 ? { scope: 'row' } : {}, value)
    if (isNumber) node.classList.add('number')
    return node
  }
  return element(
    'div',
    { class: 'scroll' },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...heads.map((head) =>
            element(
              'th',
              { scope: 'col', ...(head.startsWith('#') && { class: 'number' }) },
              head.replace('#', ''),
            ),
          ),
        ),
      ),
      element(
        'tbody',
        {},
        ...rows.map((row, index) =>
          element('tr', classes[index] ? { class: classes[index] } : {}, ...row.map(cell)),
        ),
      ),
    ),
  )
}

function legend(...entries) {
  return element(
    'ul',
    { class: 'legend', 'aria-hidden': 'true' },
    ...entries.map(([name, text]) => element('li', { class: name }, element('i', {}), text)),
  )
}

function weights(result) {
  const targets = result.target.targets
  if (targets.length === 0) return undefined
  const bars = (target) => {
    const values = [
      ['model', target.model_weight],
      ['current', target.current_weight],
      ['final', target.final_weight],
    ]
    const lines = values.map(([name, weight], index) =>
      drawing('rect', { class: name, x: 0, y: index * 5, width: share(weight), height: 4 }),
    )
    return drawing('svg', { viewBox: '0 0 100 15', 'aria-hidden': 'true' }, ...lines)
  }
  const view = table(
    ['Instrument', '#Model', '#Current', '#Final', 'Weights', 'Why'],
    targets.map((target) => [
      target.instrument_id,
      percent(target.model_weight),
      percent(target.current_weight),
      percent(target.final_weight),
      bars(target),
      [...target.tags, ...target.reasons].join(', '),
    ]),
  )
  for (const cell of view.querySelectorAll('tbody td:nth-child(5)')) cell.classList.add('bars')
  return section(
    'Weights: model, current, final',
    legend(['model', 'Model'], ['current', 'Current'], ['final', 'Final']),
    view,
  )
}

/** A bar from 0 to 100 % with marks at its limits. */
function gauge(label, weight, limits) {
  const marks = limits
    .filter((limit) => limit !== undefined && limit !== null)
    .map((limit) =>
      drawing('rect', { class: 'limit', x: Math.max(share(limit) - 0.3, 0), y: -1, width: 0.6, height: 6 }),
    )
  const limitText = limits
    .map((limit, index) =>
      limit === undefined || limit === null
        ? ''
        : `${index === 0 ? 'at least' : 'at most'} ${percent(limit)}`,
    )
    .filter((text) => text !== '')
    .join(', ')
  return element(
    'div',
    { class: 'gauge' },
    element(
      'p',
      {},
      element('span', {}, label),
      element('span', {}, `${percent(weight)} (${limitText || 'no limit'})`),
    ),
    drawing(
      'svg',
      { viewBox: '0 0 100 4', 'aria-hidden': 'true' },
      drawing('rect', { class: 'track', x: 0, y: 0, width: 100, height: 4 }),
      drawing('rect', { class: 'final', x: 0, y: 0, width: share(weight), height: 4 }),
      ...marks,
    ),
  )
}

const total = (targets) => targets.reduce((sum, target) => sum + Number(target.final_weight), 0)

function cashBar({ options = {} }, result) {
  const targets = result.target.targets
  if (targets.length === 0) return undefined
  const band = [options.cash_band_min_weight ?? 0, options.cash_band_max_weight ?? 1]
  return section('Cash', gauge('Cash', 1 - total(targets), band))
}

function groupGauges({ options = {}, shelf_entries = [] }, result) {
  const targets = result.target.targets
  const groups = Object.entries(options.group_constraints ?? {})
  if (groups.length === 0 || targets.length === 0) return undefined
  const inGroup = (key) => {
    const [attribute, value] = key.split(':')
    const members = new Set(
      shelf_entries
        .filter((entry) => entry.attributes?.[attribute] === value)
        .map((entry) => entry.instrument_id),
    )
    return targets.filter((target) => members.has(target.instrument_id))
  }
  return section(
    'Groups',
    ...groups.map(([key, limits]) =>
      gauge(key, total(inGroup(key)), [limits?.min_weight, limits?.max_weight]),
    ),
  )
}

function bindingRules(result) {
  const active = result.diagnostics.solve?.active_constraints ?? []
  if (active.length === 0) return undefined
  return section(
    'Rules that bind, with their prices',
    element(
      'p',
      { class: 'note' },
      'The price is what the distance from the model would fall by, per unit by which the limit is moved.',
    ),
    table(
      ['Rule', '#Price'],
      active.map((rule) => [rule.text, rule.price]),
    ),
  )
}

function sideBySide(result) {
  const comparison = result.explanation?.target_method_comparison
  if (!comparison) return undefined
  const differing = new Set(comparison.differing_instruments)
  return section(
    'Both methods side by side',
    element(
      'p',
      {},
      `${comparison.primary_method}: ${comparison.primary_status}; ${comparison.alternate_method}: ${comparison.alternate_status}; distance ${comparison.l1_distance}`,
    ),
    table(
      ['Instrument', `#${comparison.primary_method}`, `#${comparison.alternate_method}`],
      comparison.weights.map((row) => [row.instrument_id, percent(row.primary), percent(row.alternate)]),
      comparison.weights.map((row) => (differing.has(row.instrument_id) ? 'differs' : '')),
    ),
  )
}

function infeasibility(result, apply) {
  const report = result.diagnostics.infeasibility
  if (!report) return undefined
  const choices = report.relaxations.map((relaxation) => {
    const changes = relaxation.changes.filter((change) => change.field.length > 0)
    const isComplete = changes.length === relaxation.changes.length
    const button = element('button', { type: 'button' }, relaxation.text)
    if (isComplete) button.addEventListener('click', () => apply(changes))
    else button.disabled = true
    return element('li', {}, button)
  })
  return section(
    'These rules contradict each other',
    element('p', {}, report.text),
    element('ul', {}, ...report.conflict.map((rule) => element('li', {}, rule.text))),
    element(
      'p',
      {},
      choices.length > 0 ? 'Any one of these would make it possible; choose one to run again:' : '',
    ),
    element('ul', { class: 'relaxations' }, ...choices),
  )
}

function intents(result) {
  if (!result.intents || result.intents.length === 0) return undefined
  return section(
    'Trades',
    table(
      ['Trade', 'What', '#Quantity', '#Amount'],
      result.intents.map((intent) =>
        intent.intent_type === 'FX_SPOT'
          ? ['FX', intent.pair, intent.buy.amount, `${intent.sell.amount} ${intent.sell.currency}`]
          : [
              intent.side,
              intent.instrument_id,
              intent.quantity,
              `${intent.notional.amount} ${intent.notional.currency}`,
            ],
      ),
    ),
  )
}

function rules(result) {
  if (!result.rule_results) return undefined
  return section(
    'Rules after the trades',
    table(
      ['Rule', 'Severity', 'Status', '#Measured', 'Message'],
      result.rule_results.map((rule) => [
        rule.rule_id,
        rule.severity,
        rule.status,
        rule.measured,
        rule.message,
      ]),
      result.rule_results.map((rule) => (rule.status === 'FAIL' ? 'differs' : '')),
    ),
  )
}

function warnings(result) {
  const list = result.diagnostics.warnings
  if (list.length === 0) return undefined
  return section('Warnings', element('ul', {}, ...list.map((warning) => element('li', {}, warning))))
}

/** A refusal of the server, with the place of every fault. */
export function refusalView(refusal) {
  return [
    element(
      'div',
      { class: 'verdict BLOCKED' },
      element('p', { class: 'badge' }, `${refusal.status}: ${refusal.message}`),
      element(
        'ul',
        {},
        ...refusal.detail.map((fault) =>
          element('li', {}, `${fault.path}: expected ${fault.expected}, received ${fault.received}`),
        ),
      ),
    ),
  ]
}
