// Brings a clone to a runnable state: packages, addon, compiled TypeScript. Each step is skipped while the content of
// its inputs is what it was (modification times lie after a checkout). `--force` repeats every step but the packages'.
// `--addon-given` takes the addon that lies in ts/native as it is (CI builds it elsewhere).
// No dependencies: it runs before anything is installed.
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAddon } from './addon.mjs'
import { binOf, fail, outputOf, replaceFolder, root, run } from './process.mjs'

const minimumNode = [20, 19]
const minimumRust = [1, 88]
const state = join(root, '.setup')
const at = (...parts) => join(root, ...parts)

/**
 * Installs and builds whatever is out of date. Safe to call from several processes at once: they take turns. `forTests` is content
 * with an addon as cargo builds tests: it shares their libraries, and the optimising build that users get takes minutes more.
 */
export function setup({ force = false, addonGiven = false, forTests = false } = {}) {
  checkNode()
  const release = takeLock()
  try {
    const packages = step({
      name: 'packages',
      inputs: ['package-lock.json'],
      outputs: ['node_modules/.package-lock.json'],
      build: installPackages,
    })
    const addon = addonGiven ? 'given' : addonStep({ packages, force, forTests })
    step({
      name: 'typescript',
      inputs: ['ts', 'tsconfig.json'],
      outputs: ['dist/index.js', 'dist/native/binding.cjs'],
      build: compileTypeScript,
      after: addon,
      ignore: at('ts', 'native'),
      force: force || addonGiven,
    })
  } finally {
    release()
  }
}

function installPackages() {
  run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'])
}

function addonStep({ packages, force, forTests }) {
  const built = (unoptimised) => ({
    name: 'addon',
    inputs: ['Cargo.toml', 'Cargo.lock', ...rustSources(), 'scripts/addon.mjs'],
    outputs: ['ts/native/binding.cjs', 'ts/native/binding.d.cts'],
    build: () => {
      checkRust()
      buildAddon({ unoptimised })
    },
    after: `${packages} ${unoptimised ? 'unoptimised' : ''}`,
    force,
  })
  const optimised = built(false)
  return step(forTests && !stateOf(optimised).fresh ? built(true) : optimised)
}

function compileTypeScript() {
  const built = at('dist.new')
  rmSync(built, { recursive: true, force: true })
  run('Compiling TypeScript', process.execPath, [
    binOf('typescript', 'tsc'),
    '-p',
    '.',
    '--outDir',
    'dist.new',
  ])
  // tsc leaves the addon, its loader and any asset beside the sources behind.
  cpSync(at('ts'), built, { recursive: true, filter: (source) => !source.endsWith('.ts') })
  replaceFolder(at('dist'), built)
}

function rustSources() {
  const crates = readdirSync(at('crates')).map((name) => `crates/${name}`)
  return [...crates, 'bindings'].flatMap((crate) => [
    `${crate}/Cargo.toml`,
    `${crate}/build.rs`,
    `${crate}/src`,
  ])
}

/** Runs `build` unless the outputs exist and were built from these inputs. Returns the digest of the inputs. */
function step({ build, force = false, ...what }) {
  const { stamp, digest, fresh } = stateOf(what)
  if (!fresh || force) {
    rmSync(stamp, { force: true })
    build()
    writeFileSync(stamp, digest)
  }
  return digest
}

function stateOf({ name, inputs, outputs, after = '', ignore }) {
  const stamp = join(state, name)
  const digest = digestOf(
    inputs.map((path) => at(path)),
    after,
    ignore,
  )
  const fresh =
    outputs.every((path) => existsSync(at(path))) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest
  return { stamp, digest, fresh }
}

function digestOf(paths, seed, ignore) {
  const hash = createHash('sha256').update(`${seed} ${process.platform} ${process.arch}\0`)
  const visit = (path) => {
    if (path === ignore || !existsSync(path)) return
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path).sort()) visit(join(path, entry))
    } else {
      hash
        .update(`${relative(root, path)}\0`)
        .update(readFileSync(path))
        .update('\0')
    }
  }
  for (const path of paths) visit(path)
  return hash.digest('hex')
}

/**
 * One set-up at a time. The lock is a file that only one process can create; it holds the owner's id, so that the lock of
 * a process that was killed is recognised and removed.
 */
function takeLock() {
  const lock = join(state, 'lock')
  mkdirSync(state, { recursive: true })
  for (let told = false; !isCreated(lock); ) {
    const owner = readIfThere(lock)
    if (owner !== '' && !isAnotherProcess(Number(owner))) {
      removeStale(lock, owner)
    } else {
      if (!told) process.stderr.write(`waiting for another set-up (process ${owner})\n`)
      told = true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    }
  }
  const unlock = () => rmSync(lock, { force: true })
  process.on('exit', unlock)
  return () => {
    process.off('exit', unlock)
    unlock()
  }
}

function isCreated(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Two waiting processes may see the same dead owner; the second must not remove what the first has put there since. */
function removeStale(lock, owner) {
  const aside = `${lock}.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch {
    return
  }
  if (readFileSync(aside, 'utf8') === owner) rmSync(aside)
  else renameSync(aside, lock)
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Our own id in the file is that of an earlier process: containers count from 1 each time. */
function isAnotherProcess(pid) {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function checkNode() {
  const version = process.versions.node.split('.').map(Number)
  if (isOlder(version, minimumNode))
    fail(`Node.js ${minimumNode.join('.')} or newer is needed; this is ${process.version}.`)
}

function checkRust() {
  const version = outputOf('cargo', ['--version'])
    ?.match(/(\d+)\.(\d+)/)
    ?.slice(1)
    .map(Number)
  const wanted = `Rust ${minimumRust.join('.')} or newer is needed to build the addon`
  if (!version) fail(`${wanted}, and no cargo was found. See https://rustup.rs`)
  if (isOlder(version, minimumRust))
    fail(`${wanted}; this is ${version.join('.')}. Update it with \`rustup update\`.`)
  // rustc links with the C compiler; on Windows it finds Microsoft's linker by itself and says so if there is none.
  if (process.platform !== 'win32' && outputOf('cc', ['--version']) === undefined) {
    fail(
      'A C compiler is needed to link the addon, and no `cc` was found (Debian: build-essential; macOS: xcode-select --install).',
    )
  }
}

const isOlder = ([major, minor], minimum) =>
  major < minimum[0] || (major === minimum[0] && minor < minimum[1])

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup({ force: process.argv.includes('--force'), addonGiven: process.argv.includes('--addon-given') })
}
