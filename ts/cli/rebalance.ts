import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { InputError } from '../errors.js'
import { simulate } from '../targets/index.js'
import type { Intent, RebalanceResult, RunStatus } from '../targets/result-types.js'
import { type ExitCode, exitCode } from './exit-codes.js'
import { Terminal, textTable } from './terminal.js'

interface RebalanceOptions {
  json?: boolean
  quiet?: boolean
  idempotencyKey?: string
  correlationId?: string
}

export function addRebalance(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('rebalance')
    .description(
      'Target weights and trades of one portfolio: a request of docs/targets.md in, the result out',
    )
    .argument('<request>', 'the request: a JSON file, or - for standard input')
  const options = [
    new Option('--json', 'print the result as JSON to standard output, and nothing else there'),
    new Option('--idempotency-key <key>', 'is echoed in lineage.request_hash'),
    new Option('--correlation-id <id>', 'is echoed in correlation_id'),
    new Option('--quiet', 'print nothing but errors: the exit code tells'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Exit codes: 0 READY, 4 PENDING_REVIEW, 5 BLOCKED, 2 bad input

Example:
  $ equipoise rebalance request.json --json > result.json`,
  )
  command.action(async (request: string, given: RebalanceOptions) => done(await runRebalance(request, given)))
}

const exitCodes: Record<RunStatus, ExitCode> = {
  READY: exitCode.success,
  PENDING_REVIEW: exitCode.different,
  BLOCKED: exitCode.infeasible,
}

async function runRebalance(file: string, options: RebalanceOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const { idempotencyKey, correlationId } = options
  const result = simulate(await readRequest(file), {
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(correlationId === undefined ? {} : { correlationId }),
  })
  terminal.json(`${JSON.stringify(result, null, 2)}\n`)
  terminal.print(resultText(result))
  return exitCodes[result.status]
}

async function readRequest(file: string): Promise<string> {
  try {
    if (file !== '-') return await readFile(file, 'utf8')
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause)
    throw new InputError('file', { path: '<request>', expected: 'a file that can be read', received, cause })
  }
}

/** The result for a reader: status, why, weights, trades, rules that fail. */
export function resultText(result: RebalanceResult): string {
  const { diagnostics, target } = result
  const sections = [
    `${result.status} (${result.rebalance_run_id}; ${result.target_method}, ${result.rounding_mode})`,
    ...infeasibilityText(result),
    weightsText(result),
    intentsText(result.intents),
    ...failedRules(result),
    diagnostics.warnings.length === 0 ? '' : `Warnings: ${diagnostics.warnings.join(', ')}`,
    target.targets.length === 0 ? '' : bindingText(result),
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

function infeasibilityText({ diagnostics: { infeasibility } }: RebalanceResult): string[] {
  if (infeasibility === null) return []
  const offers = infeasibility.relaxations.map(({ text }) => `  - ${text}`)
  const ways =
    offers.length === 0 ? 'No change of limits suffices.' : `Any one of these suffices:\n${offers.join('\n')}`
  return [`No weights satisfy the rules: ${infeasibility.text}.\n${ways}`]
}

function weightsText({ target }: RebalanceResult): string {
  if (target.targets.length === 0) return ''
  const rows = target.targets.map((row) => [
    row.instrument_id,
    ...[row.current_weight, row.model_weight, row.final_weight].map(percent),
    [...row.tags, ...row.reasons].join(', '),
  ])
  return textTable(['instrument', 'now', 'model', 'target', 'why'], rows)
}

function intentsText(intents: readonly Intent[]): string {
  if (intents.length === 0) return 'No trades.'
  const rows = intents.map((intent) =>
    intent.intent_type === 'FX_SPOT'
      ? [
          intent.intent_id,
          'FX',
          intent.pair,
          `${intent.buy.amount} ${intent.buy.currency}`,
          money(intent.sell),
        ]
      : [intent.intent_id, intent.side, intent.instrument_id, intent.quantity, money(intent.notional)],
  )
  return textTable(['trade', 'side', 'what', 'quantity', 'amount'], rows)
}

function failedRules({ rule_results }: RebalanceResult): string[] {
  const failed = rule_results.filter(({ status }) => status === 'FAIL')
  if (failed.length === 0) return []
  const lines = failed.map(
    (rule) => `  - ${rule.rule_id} (${rule.severity}): ${rule.message} ${rule.measured}`,
  )
  return [`Rules that fail:\n${lines.join('\n')}`]
}

function bindingText({ diagnostics: { solve } }: RebalanceResult): string {
  const binding = (solve?.active_constraints ?? []).filter(({ price }) => Number(price) !== 0)
  if (binding.length === 0) return ''
  const rows = binding.map(({ text, instrument_id, price }) => [text, instrument_id ?? '', price])
  return `Rules that bind, with the price of a unit:\n${textTable(['rule', 'instrument', 'price'], rows)}`
}

const money = ({ amount, currency }: { amount: string; currency: string }) => `${amount} ${currency}`
/** For display only. */
const percent = (weight: string) => `${(Number(weight) * 100).toFixed(2)} %`
