import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { vi } from 'vitest'

// A process for each run, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const main = resolve(import.meta.dirname, '../../dist/cli/main.js')

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd: string
  /** Called with what has come on standard error so far, each time more comes. */
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
}

/** Runs the command line as a process of its own. */
export function equipoise(args: readonly string[], { cwd, onStderr }: RunOptions): Promise<Finished> {
  return new Promise((finish, fail) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      onStderr?.(stderr, (signal) => child.kill(signal))
    })
    child.on('error', fail)
    child.on('close', (code) => finish({ code, stdout, stderr }))
  })
}

/** A problem of 60 records and 4 targets, two of them on child rows, that one cannot reach by hand. */
export function smallProblem(): Record<string, string> {
  const households = Array.from(
    { length: 60 },
    (_, i) => `h${i},${(1 + ((i * 37) % 11) / 4).toFixed(2)},${1 + (i % 4)},${i % 3}\n`,
  )
  const persons = Array.from({ length: 150 }, (_, i) => `h${(i * 7) % 60},${(i * 13) % 90}\n`)
  return {
    'households.csv': `hh,w,size,kind\n${households.join('')}`,
    'persons.csv': `hh,age\n${persons.join('')}`,
    'targets.csv': `name,table,predicate,value,total
households,households,TRUE,,150
large,households,size >= 3 OR kind = 2,,110
members,households,TRUE,size,340
children,persons,age < 18,,75
`,
  }
}

export const smallArguments = [
  ...['--records', 'households.csv', '--id', 'hh', '--weight', 'w', '--child', 'persons.csv:hh'],
  ...['--targets', 'targets.csv'],
]

/** Text of a certificate without what may differ from run to run. */
export function withoutTiming(certificate: string): string {
  return certificate.replace(/"timing": \{[^}]*\}/, '"timing": {}')
}

export const root = join(import.meta.dirname, '../..')
