import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

// The compiled package: a process of its own cannot load TypeScript on every Node that we promise.
const address = (file: string) => JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href)
const imports = `
  import { runSession, runDirect } from ${address('objective/run.js')}
  import { ReplyWriter } from ${address('objective/reply.js')}
  import binding from ${address('native/binding.cjs')}
  const record = (value) => new ReplyWriter().begin().number(value).vector(undefined).end()
  const start = (evaluate, times = 1e9, signal) => runSession(evaluate, {}, signal, (dispatch, wake, _, token) =>
    binding.__startForTest(dispatch, wake, token, new Float64Array(3), times))
  const direct = (evaluate, times = 1e9) => runDirect(evaluate, {}, (dispatch) =>
    binding.__evaluateForTest(dispatch, new Float64Array(3), times))
  const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
`

/** Runs a module in a process of its own and returns what it wrote; fails if that does not end by itself. */
async function run(body: string): Promise<string> {
  const args = ['--expose-gc', '--input-type=module', '--eval', `${imports}\n${body}`]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 })
  expect(stderr).toBe('')
  return stdout
}

describe('a process', () => {
  it('waits for a run that nobody awaits', async () => {
    const body = `start(async () => { await later(1); return record(1) }, 5).then(({ outcome }) => console.log(outcome.records))`
    expect(await run(body)).toBe('5\n')
  })

  it('ends while an abandoned objective never answers', async () => {
    expect(await run(`start(() => new Promise(() => {})); await later(20); console.log('left')`)).toBe(
      'left\n',
    )
  })

  it('may exit during a run', async () => {
    const body = `start(() => record(1)); start(async () => record(1)); await later(20); console.log('left'); process.exit(0)`
    expect(await run(body)).toBe('left\n')
  })

  it('lets go of each run that has ended, and of its thread', async () => {
    const output = await run(`
      import { readdirSync } from 'node:fs'
      const threads = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0
      await start(() => record(1), 5)
      const before = threads()
      for (let k = 0; k < 200; k++) await start(k % 2 ? () => record(1) : async () => record(1), 5)
      await later(50)
      console.log(threads() <= before)`)
    expect(output).toBe('true\n')
  })
})

describe('memory', () => {
  it.each([
    ['on this thread', 'direct', 200_000],
    ['on its own thread', 'start', 3000],
  ])('stays the same however often an objective is asked %s', async (_, call, times) => {
    const output = await run(`
      const writer = new ReplyWriter()
      const evaluate = (_, x) => writer.begin().number(x[0]).vector(x).end()
      const used = () => { gc(); const { rss, external, arrayBuffers } = process.memoryUsage(); return [rss, external + arrayBuffers] }
      const ask = async () => (await ${call}(evaluate, ${times})).outcome.records
      await ask()
      const before = used()
      const records = await ask()
      const [resident, buffers] = used().map((after, i) => after - before[i])
      console.log(records, resident < 20e6, buffers < 1e6)`)
    // As many arrays of a few bytes each, or handles, would be far more.
    expect(output).toBe(`${times} true true\n`)
  })
})

describe('a worker thread', () => {
  const modes = {
    'a run that asks at once': 'start(() => record(1))',
    'a run that asks by promises': 'start(async () => record(1))',
    'a run that waits for ever': 'start(() => new Promise(() => {}))',
    'a run whose objective throws': `start(() => { throw new Error('x') }).then(() => setInterval(() => {}, 1000))`,
    'a run on its own thread': 'setImmediate(() => direct(() => record(1)))',
  }

  it.each(Object.entries(modes))('may be terminated during %s, whose thread then ends', async (_, mode) => {
    const source = `${imports}
      import { parentPort } from 'node:worker_threads'
      ${mode}
      parentPort.postMessage('running')`
    const output = await run(`
      import { Worker } from 'node:worker_threads'
      import { readdirSync, readFileSync } from 'node:fs'
      const solvers = () => process.platform !== 'linux' ? [] : readdirSync('/proc/self/task').filter((task) => {
        try { return readFileSync(\`/proc/self/task/\${task}/comm\`, 'utf8') === 'equipoise-solve\\n' } catch { return false }
      })
      for (let k = 0; k < 8; k++) {
        const worker = new Worker(${JSON.stringify(source)}, { eval: true, execArgv: ['--input-type=module'] })
        await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        await later(k)
        await worker.terminate()
      }
      while (solvers().length > 0) await later(10)
      console.log('ended')`)
    expect(output).toBe('ended\n')
  })
})
