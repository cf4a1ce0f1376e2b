// `npm test`: set-up, static checks, Rust tests, then the tests of the façade, the command line and the packed package.
// The first failure ends it. `--long` also runs the tests that take minutes: Rust's `#[ignore]`d ones, those that look at
// EQUIPOISE_LONG_TESTS, and the digests on other CPUs (ci/cross-cpu.sh).
// The random cases of property tests are the same in every run, so that a change is judged by what it changed; `--long` draws
// new ones each time, and prints the seed of a failure.
import { spawnSync } from 'node:child_process'
import { lint } from './lint.mjs'
import { binOf, fail, outputOf, root, run } from './process.mjs'
import { setup } from './setup.mjs'

const long = process.argv.includes('--long')
if (long) process.env.EQUIPOISE_LONG_TESTS = '1'
else process.env.PROPTEST_RNG_SEED ??= '20261121'

/** The same digests on every CPU. Status 2: this machine cannot run it, and the script has said what it lacks. */
function crossCpu() {
  process.stderr.write('\n== CPUs under qemu\n')
  const { status } = spawnSync('sh', ['ci/cross-cpu.sh'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status === 2) process.stderr.write('== CPUs under qemu: skipped\n')
  else if (status !== 0) fail('FAILED: CPUs under qemu (ci/cross-cpu.sh)')
}

// napi names the target that it builds for, and cargo keeps such builds apart: the tests share them by naming it too.
const host = outputOf('rustc', ['-vV'])?.match(/^host: (.+)$/m)?.[1]
if (host) process.env.CARGO_BUILD_TARGET ??= host
setup({ forTests: !long })
lint()
// Of the examples only those that tests run (crates/equipoise/tests/examples.rs): clippy has checked them all, and the others would be
// compiled and linked for nothing.
const workspace = ['--workspace', '--locked']
run('Rust examples', 'cargo', ['build', ...workspace, '--example', 'reweight', '--example', 'forms'])
run('Rust tests', 'cargo', [
  'test',
  ...workspace,
  '--lib',
  '--tests',
  ...(long ? ['--', '--include-ignored'] : []),
])
run('Rust documentation tests', 'cargo', ['test', ...workspace, '--doc'])
if (long && process.platform === 'linux') crossCpu()
run('Node tests', process.execPath, [binOf('vitest', 'vitest'), 'run'])
