// Running the tools that the other scripts need, with one style of heading and of failure.
import { spawnSync } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const windows = process.platform === 'win32'

export function fail(message) {
  process.stderr.write(`\n${message}\n`)
  process.exit(1)
}

/** Runs `command`, shows its output, and ends this process if it fails. */
export function run(heading, command, args, options = {}) {
  const started = performance.now()
  process.stderr.write(`\n== ${heading}\n`)
  // npm is a .cmd file on Windows, which only a shell can start.
  const shell = windows && command === 'npm'
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell,
    ...options,
  })
  if (result.error) fail(`FAILED: ${heading}: ${command} could not be started: ${result.error.message}`)
  if (result.status !== 0) {
    fail(`FAILED: ${heading} (${command} ${args.join(' ')}: exit ${result.status ?? result.signal})`)
  }
  process.stderr.write(`== ${heading}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
}

/** The output of `command`, or undefined where it cannot be run. */
export function outputOf(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  return result.status === 0 ? result.stdout : undefined
}

/** The JavaScript file behind a package's command: started with our own node, it needs no shell on any platform. */
export function binOf(packageName, command) {
  const manifest = join(root, 'node_modules', packageName, 'package.json')
  const { bin } = createRequire(import.meta.url)(manifest)
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[command])
}

/**
 * Puts the finished folder `built` in the place of `folder`. Nothing is overwritten in place: a process that has an old
 * file open (a loaded addon is mapped into memory) keeps that file.
 */
export function replaceFolder(folder, built) {
  rmSync(folder, { recursive: true, force: true })
  renameSync(built, folder)
}
