// `npm test`: set-up, static checks, Rust tests, then the tests of the façade, the command line and the packed package.
// The first failure ends it. `--long` also runs the tests that take minutes: Rust's `#[ignore]`d ones, and those that look
// at EQUIPOISE_LONG_TESTS in vitest.
import { lint } from './lint.mjs'
import { binOf, run } from './process.mjs'
import { setup } from './setup.mjs'

const long = process.argv.includes('--long')
if (long) process.env.EQUIPOISE_LONG_TESTS = '1'

setup()
lint()
run('Rust tests', 'cargo', ['test', '--workspace', '--locked', ...(long ? ['--', '--include-ignored'] : [])])
run('Node tests', process.execPath, [binOf('vitest', 'vitest'), 'run'])
