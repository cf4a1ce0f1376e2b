import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { DisposedError, InternalError, ReweightProblem, reweight } from '../../ts/index.js'
import { __panicForTest } from '../../ts/native/binding.cjs'
import { callNative, fromNative } from '../../ts/native-errors.js'
import { households, national } from './problems.js'

// The compiled package: a process of its own cannot load TypeScript on every Node that we promise.
const entry = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)

/** Runs a module in a process of its own and returns what it wrote; fails if that does not end by itself. */
async function run(body: string, ...options: string[]): Promise<string> {
  const source = `import * as equipoise from ${entry}\n${body}`
  const args = [...options, '--input-type=module', '--eval', source]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 })
  expect(stderr).toBe('')
  return stdout
}

const setUp = `
  const { columns, targets, matrix } = equipoise.generateNational({ records: 4000, targets: 200, seed: 1 })
  const data = { matrix, designWeights: columns.weight, targets }
  const endless = { method: 'lbfgsb', tolerance: 1e-30, maxIterations: 2 ** 32 - 1, threads: 1 }`

describe('the data', () => {
  it('are copied: what becomes of the arrays later does not matter', async () => {
    const data = national(300, 30)
    const { matrix } = data as { matrix: { values: Float64Array } }
    using problem = new ReweightProblem(data)
    const before = problem.solveSync().digest
    matrix.values.fill(7)
    ;(data.designWeights as Float64Array).fill(7)
    expect((await problem.solve()).digest).toBe(before)
  })

  it('stay with the caller', () => {
    const designWeights = Float64Array.of(100, 120, 80, 100)
    new ReweightProblem({ ...households, designWeights }).dispose()
    expect([...designWeights]).toEqual([100, 120, 80, 100])
  })
})

describe('dispose', () => {
  it('is final, may be repeated, and lets running solves end', async () => {
    const problem = new ReweightProblem(national(2000, 80))
    const expected = problem.solveSync().digest
    const running = problem.solve()
    problem.dispose()
    problem.dispose()
    expect((await running).digest).toBe(expected)
    await expect(problem.solve()).rejects.toBeInstanceOf(DisposedError)
    await expect(problem.sweep([1])).rejects.toMatchObject({ code: 'disposed' })
    expect(() => problem.solveSync()).toThrow(DisposedError)
    expect(() => problem.update({ bounds: [0.5, 2] })).toThrow(DisposedError)
    expect(() => problem.certify({ multipliers: [1] }, { penalty: 1 })).toThrow(DisposedError)
    expect(problem.numRecords).toBe(2000)
  })

  it('happens at the end of a using block', () => {
    let escaped: ReweightProblem
    {
      using problem = new ReweightProblem(households)
      escaped = problem
      expect(problem.solveSync().status).toBe('converged')
    }
    expect(() => escaped.solveSync()).toThrow(DisposedError)
  })

  it('is not needed: problems and results that nobody holds are freed', async () => {
    const output = await run(
      `const n = 20_000
      const data = {
        matrix: { format: 'columns', columns: Array.from({ length: 20 }, (_, j) => Float64Array.from({ length: n }, (_, i) => 1 + ((i * j) % 7))) },
        designWeights: new Float64Array(n).fill(10),
        targets: Array.from({ length: 20 }, (_, j) => ({ total: n * (20 + j) })),
      }
      const once = async () => { await new equipoise.ReweightProblem(data).solve({ threads: 1, penalty: 1 }) }
      for (let i = 0; i < 5; i++) await once()
      gc()
      const before = process.memoryUsage().rss
      // 9.6 MB of matrix each: half a gigabyte if they stayed.
      for (let i = 0; i < 50; i++) await once()
      gc()
      await new Promise((resolve) => setTimeout(resolve, 10))
      gc()
      console.log((process.memoryUsage().rss - before) / 1e6)`,
      '--expose-gc',
    )
    expect(Number(output)).toBeLessThan(150)
  })
})

describe('a process', () => {
  it('ends by itself while it holds a problem', async () => {
    expect(
      await run(`${setUp}
      globalThis.problem = new equipoise.ReweightProblem(data)
      console.log((await problem.solve()).status)`),
    ).toBe('converged\n')
  })

  it('waits for a solve that nobody awaits', async () => {
    expect(
      await run(`${setUp}
      new equipoise.ReweightProblem(data).solve().then((answer) => console.log(answer.status))`),
    ).toBe('converged\n')
  })

  it('may exit during a solve', async () => {
    expect(
      await run(`${setUp}
      const onProgress = () => { console.log('running'); process.exit(0) }
      new equipoise.ReweightProblem(data).solve({ ...endless, onProgress })`),
    ).toBe('running\n')
  })

  it('reads files while more solves run than libuv has threads', async () => {
    expect(
      await run(`${setUp}
      import { readFile } from 'node:fs/promises'
      const controller = new AbortController()
      const problem = new equipoise.ReweightProblem(data)
      let ended = 0
      const solves = Array.from({ length: 6 }, () =>
        problem.solve({ ...endless, signal: controller.signal }).then(() => ended++))
      await readFile(new URL(${entry}))
      console.log('read while', 6 - ended, 'ran')
      controller.abort()
      await Promise.all(solves)`),
    ).toBe('read while 6 ran\n')
  })

  it('hears nothing of a solve on its streams', async () => {
    expect(await run(`${setUp}\nawait new equipoise.ReweightProblem(data).solve()`)).toBe('')
  })
})

describe('a worker thread', () => {
  const worker = (body: string) => `
    import { Worker } from 'node:worker_threads'
    const worker = new Worker(${JSON.stringify(`
      import { parentPort } from 'node:worker_threads'
      const equipoise = await import(${entry})
      ${setUp}
      const problem = new equipoise.ReweightProblem(data)
      ${body}`)}, { eval: true, execArgv: ['--input-type=module'] })`

  it('solves as the main thread does', async () => {
    const output = await run(`${setUp}
      ${worker('parentPort.postMessage((await problem.solve()).digest)')}
      const there = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      console.log(there === (await new equipoise.ReweightProblem(data).solve()).digest)`)
    expect(output).toBe('true\n')
  })

  it('may be terminated during a solve, which then ends', async () => {
    const body = `problem.solve({ ...endless, onProgress: () => parentPort.postMessage('running') })`
    const output = await run(`
      import { readdirSync, readFileSync } from 'node:fs'
      const solvers = () => process.platform !== 'linux' ? [] : readdirSync('/proc/self/task').filter(
        (task) => readFileSync(\`/proc/self/task/\${task}/comm\`, 'utf8') === 'equipoise-solve\\n')
      ${worker(body)}
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      if (process.platform === 'linux' && solvers().length !== 1) console.log('no solver is running')
      console.log(await worker.terminate())
      while (solvers().length > 0) await new Promise((resolve) => setTimeout(resolve, 10))`)
    expect(output).toBe('1\n')
  })
})

describe('a panic', () => {
  it('becomes an InternalError that says where it was, on any thread', async () => {
    expect(() => callNative(() => __panicForTest(false))).toThrow(InternalError)
    await expect(__panicForTest(true)).rejects.toMatchObject({ code: 'internal' })
    const error = fromNative(await Promise.resolve(__panicForTest(true)).catch((reason) => reason))
    expect(error).toBeInstanceOf(InternalError)
    expect(error.message).toMatch(/bindings.src.lib\.rs:\d+:\d+[\s\S]*deliberate panic/)
    expect((await reweight(households)).status).toBe('converged')
  })
})
