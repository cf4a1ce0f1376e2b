import { SingleBar } from 'cli-progress'
import type { Terminal } from './terminal.js'

/** How far a batch has come. */
export interface AreasProgress {
  stage(name: string): void
  /** From here on areas end: so many are to be solved. */
  begin(count: number): void
  area(key: string, status: string): void
  stop(): void
}

export function areasProgress(terminal: Terminal, isQuiet: boolean): AreasProgress {
  if (isQuiet) return { stage() {}, begin() {}, area() {}, stop() {} }
  return process.stderr.isTTY ? new BarProgress() : new LineProgress((line) => terminal.note(line))
}

class BarProgress implements AreasProgress {
  readonly #bar = new SingleBar({
    format: '{stage} [{bar}] {value} of {total} | {eta_formatted} left | {detail}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    etaBuffer: 50,
  })
  #isStarted = false

  stage(name: string): void {
    if (this.#isStarted) this.#bar.update({ stage: name, detail: '' })
    else process.stderr.write(`${name}\n`)
  }

  begin(count: number): void {
    this.#bar.start(count, 0, { stage: 'areas', detail: '' })
    this.#isStarted = true
  }

  area(key: string, status: string): void {
    this.#bar.increment({ stage: 'areas', detail: `${key}: ${status}` })
  }

  stop(): void {
    if (this.#isStarted) this.#bar.stop()
    this.#isStarted = false
  }
}

/** A line for each area, with the time that is left if the others take as long. */
class LineProgress implements AreasProgress {
  readonly #write: (line: string) => void
  #count = 0
  #done = 0
  #started = 0

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  stage(name: string): void {
    this.#write(name)
  }

  begin(count: number): void {
    this.#count = count
    this.#started = performance.now()
  }

  area(key: string, status: string): void {
    this.#done++
    const each = (performance.now() - this.#started) / this.#done
    const left = Math.ceil((each * (this.#count - this.#done)) / 1000)
    this.#write(`${this.#done} of ${this.#count} areas, about ${left} s left; ${key}: ${status}`)
  }

  stop(): void {}
}
