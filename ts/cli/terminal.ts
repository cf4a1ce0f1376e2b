import { SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import type { IterationRecord } from '../index.js'

/** What a command prints: results to standard output, everything else to standard error. */
export class Terminal {
  readonly #quiet: boolean
  readonly #json: boolean

  constructor({ quiet = false, json = false }: { quiet?: boolean | undefined; json?: boolean | undefined }) {
    this.#quiet = quiet
    this.#json = json
  }

  /** The result for a reader; nothing of it stands beside JSON. */
  print(text: string): void {
    if (!this.#quiet && !this.#json) process.stdout.write(`${text}\n`)
  }

  /** The result for a program. */
  json(text: string): void {
    if (this.#json) process.stdout.write(text)
  }

  note(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`)
  }

  /** What is wrong is said even where nothing else is. */
  error(text: string): void {
    process.stderr.write(`error: ${text}\n`)
  }

  progress(): Progress {
    if (this.#quiet) return silent
    return process.stderr.isTTY ? new BarProgress() : new LineProgress((line) => this.note(line))
  }
}

export interface Progress {
  stage(name: string): void
  /** `tolerance`: the residual at which the iteration ends. */
  iteration(record: IterationRecord<string>, tolerance: number): void
  stop(): void
}

const silent: Progress = { stage() {}, iteration() {}, stop() {} }

/** Plain lines, not more than a reader bears: each of the first twenty iterations, then each hundredth. */
class LineProgress implements Progress {
  readonly #write: (line: string) => void

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  stage(name: string): void {
    this.#write(name)
  }

  iteration({ method, iteration, residual }: IterationRecord<string>): void {
    if (iteration <= 20 || iteration % 100 === 0) {
      this.#write(`${method}: iteration ${iteration}, residual ${significant(residual, 3)}`)
    }
  }

  stop(): void {}
}

/** A bar whose length is the way that the residual has come, in orders of magnitude. */
class BarProgress implements Progress {
  readonly #bar = new SingleBar({
    format: '{stage} [{bar}] {detail}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
  })
  #first: number | null = null
  #stage = ''

  stage(name: string): void {
    if (this.#stage === '') this.#bar.start(1, 0, { stage: name, detail: '' })
    this.#stage = name
    this.#bar.update(0, { stage: name, detail: '' })
  }

  iteration({ method, iteration, residual }: IterationRecord<string>, tolerance: number): void {
    this.#first ??= residual
    const way = Math.log(this.#first / residual) / Math.log(this.#first / tolerance)
    const detail = `${method}: iteration ${iteration}, residual ${significant(residual, 3)}`
    this.#bar.update(Math.min(Math.max(way, 0), 1) || 0, { stage: this.#stage, detail })
  }

  stop(): void {
    if (this.#stage !== '') this.#bar.stop()
  }
}

/** A number for a reader: so many significant digits, grouped where it is of ordinary size. */
export function significant(value: number | null, digits = 6): string {
  if (value === null) return 'not finite'
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-3 || size >= 1e15)) return value.toExponential(digits - 1)
  return numberFormat(digits).format(value)
}

const formats = new Map<number, Intl.NumberFormat>()

/** One for each number of digits: to make one takes milliseconds. */
function numberFormat(digits: number): Intl.NumberFormat {
  let format = formats.get(digits)
  if (format === undefined) {
    format = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: digits })
    formats.set(digits, format)
  }
  return format
}

const noBorders = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ]
    .map((name) => [name, ''])
    .concat([['middle', '   ']]),
)

/** A table of texts, the first column to the left, the others to the right. */
export function textTable(head: string[], rows: string[][]): string {
  const table = new Table({
    head,
    colAligns: head.map((_, j) => (j === 0 ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: noBorders,
  })
  table.push(...rows)
  return table.toString()
}
