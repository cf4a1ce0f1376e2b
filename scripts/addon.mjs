// Builds the addon, its loader and its types into ts/native: the one place that knows napi's options.
// Options given to this script go to `napi build`: `node scripts/addon.mjs --target aarch64-apple-darwin`.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binOf, replaceFolder, root, run } from './process.mjs'

/** An `unoptimised` one is built with cargo's profile for development, as the tests are. */
export function buildAddon({ unoptimised = false, options = [] } = {}) {
  const built = join(root, 'ts', 'native.new')
  rmSync(built, { recursive: true, force: true })
  run('Building the addon', process.execPath, [
    binOf('@napi-rs/cli', 'napi'),
    'build',
    ...['--platform', '--no-const-enum', ...(unoptimised ? [] : ['--release'])],
    ...['--manifest-path', 'bindings/Cargo.toml', '--package-json-path', 'package.json'],
    ...['-o', 'ts/native.new', '--js', 'binding.cjs', '--dts', 'binding.d.cts'],
    ...options,
    ...['--', '--locked'],
  ])
  replaceFolder(join(root, 'ts', 'native'), built)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildAddon({ options: process.argv.slice(2) })
}
