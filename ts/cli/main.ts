#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { InputError } from '../errors.js'
import { version } from '../index.js'
import { addAreas } from './areas.js'
import { addCompare } from './compare.js'
import { type ExitCode, exitCode, exitCodeHelp } from './exit-codes.js'
import { addGenerate } from './generate.js'
import { addImport } from './import.js'
import { addRebalance } from './rebalance.js'
import { addReweight } from './reweight.js'
import { addServe } from './serve.js'
import { addVerify } from './verify.js'

/**
 * Runs the command line; the result is the exit code. The commands load what only they need when they run: the server and the
 * readers of YAML and JSON schemas are half the time that `--help` would take.
 */
async function main(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCode.success
  const done = (result: ExitCode) => {
    code = result
  }
  const program = new Command('equipoise')
    .description('Certified optimisation: survey and national reweighting with a proof of every answer')
    .version(version())
    .addHelpText('after', `\n${exitCodeHelp}`)
    // Inherited by the commands that are added after it.
    .exitOverride()
  addReweight(program, done)
  addAreas(program, done)
  addVerify(program, done)
  addCompare(program, done)
  addGenerate(program, done)
  addImport(program, done)
  addRebalance(program, done)
  addServe(program, done)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    return report(error)
  }
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed its message, or the help that was asked for.
    return error.exitCode === 0 ? exitCode.success : exitCode.badInput
  }
  if (error instanceof InputError) {
    process.stderr.write(`error: ${error.message}\n`)
    return exitCode.badInput
  }
  process.stderr.write(
    `unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return exitCode.unexpected
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await main(process.argv.slice(2))
