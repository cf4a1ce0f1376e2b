import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ChunkedOptions,
  generateNational,
  InputError,
  type ReweightChunk,
  ReweightProblem,
} from '../../ts/index.js'

const numRecords = 3000
const population = generateNational({ records: numRecords, targets: 60, seed: 1 })
const { targets, matrix } = population
const weights = population.columns.weight!
const whole = new ReweightProblem({ matrix, designWeights: weights, targets })
const expected = whole.solveSync()

// The compiled package: a process of its own cannot load TypeScript on every Node that we promise.
const entry = new URL('../../dist/index.js', import.meta.url).href

type Format = ReweightChunk['matrix']['format']

/** Records `start` to `end - 1` with their part of the matrix in a format. */
function chunkOf(start: number, end: number, format: Format): ReweightChunk {
  const rows: number[] = []
  const columns: number[] = []
  const values: number[] = []
  for (let j = 0; j < targets.length; j++) {
    for (let e = matrix.columnStarts[j]!; e < matrix.columnStarts[j + 1]!; e++) {
      const row = matrix.rowIndices[e]!
      if (row < start || row >= end) continue
      rows.push(row - start)
      columns.push(j)
      values.push(matrix.values[e]!)
    }
  }
  return { designWeights: weights.subarray(start, end), matrix: part() }

  function part(): ReweightChunk['matrix'] {
    switch (format) {
      case 'triples':
        return {
          format,
          rows: Uint32Array.from(rows),
          columns: Uint32Array.from(columns),
          values: Float64Array.from(values),
        }
      case 'columns': {
        const dense = targets.map(() => new Float64Array(end - start))
        rows.forEach((row, e) => {
          dense[columns[e]!]![row] = values[e]!
        })
        return { format, columns: dense }
      }
      case 'csc':
        return {
          format,
          columnStarts: starts(columns, targets.length),
          rowIndices: Uint32Array.from(rows),
          values: Float64Array.from(values),
        }
      case 'csr': {
        const order = rows.map((_, e) => e).sort((a, b) => rows[a]! - rows[b]! || a - b)
        return {
          format,
          rowStarts: starts(rows, end - start),
          columnIndices: Uint32Array.from(order, (e) => columns[e]!),
          values: Float64Array.from(order, (e) => values[e]!),
        }
      }
    }
  }
}

function starts(keys: readonly number[], count: number): Uint32Array {
  const out = new Uint32Array(count + 1)
  for (const key of keys) out[key + 1]!++
  for (let i = 0; i < count; i++) out[i + 1]! += out[i]!
  return out
}

function* chunksOf(size: number, format: Format = 'csr'): Generator<ReweightChunk, void> {
  for (let start = 0; start < numRecords; start += size) {
    yield chunkOf(start, Math.min(start + size, numRecords), format)
  }
}

function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'equipoise-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Files of a folder that this process holds open, with a name or without. */
function openFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })
}

describe('a problem in chunks', () => {
  const formats: Format[] = ['csr', 'csc', 'triples', 'columns']
  it.each(formats)('has the answer of the whole, bit for bit: %s', async (format) => {
    for (const storage of ['memory', { folder: emptyFolder() }] as const) {
      for (const size of [numRecords, 700]) {
        using problem = await ReweightProblem.fromChunks(chunksOf(size, format), { targets, storage })
        const { numRecords: n, numTargets, numNonzeros } = problem
        expect([n, numTargets, numNonzeros]).toEqual([numRecords, targets.length, whole.numNonzeros])
        const answer = await problem.solve()
        expect(answer.status).toBe('converged')
        expect(answer.digest).toBe(expected.digest)
        expect(answer.certificate).toEqual(expected.certificate)
        expect((await problem.solveBands()).digest).toBe(whole.solveBandsSync().digest)
      }
    }
  })

  it('may come from an array or an asynchronous generator', async () => {
    async function* later() {
      for (const chunk of chunksOf(999)) {
        await new Promise(setImmediate)
        yield chunk
      }
    }
    for (const chunks of [[...chunksOf(500)], later()]) {
      using problem = await ReweightProblem.fromChunks(chunks, { targets })
      expect(problem.solveSync().digest).toBe(expected.digest)
    }
  })

  it('may have bounds of the problem, of a chunk, of a record', async () => {
    const lower = Float64Array.from({ length: numRecords }, (_, i) => (i < 1000 ? 0.5 : i < 2000 ? 0.8 : 0.2))
    const upper = Float64Array.from(lower, (bound, i) => (i < 2000 ? 1 / bound : 4 + (i % 3)))
    const bounded = ReweightProblem.fromChunks(
      [
        { ...chunkOf(0, 1000, 'csr') },
        { ...chunkOf(1000, 2000, 'csr'), bounds: [0.8, 1.25] },
        { ...chunkOf(2000, 3000, 'csr'), bounds: [0.2, upper.subarray(2000)] },
      ],
      { targets, bounds: [0.5, 2] },
    )
    using problem = await bounded
    using same = new ReweightProblem({ matrix, designWeights: weights, targets, bounds: [lower, upper] })
    expect(problem.solveSync().digest).toBe(same.solveSync().digest)
  })

  it('can be updated and certified like any other', async () => {
    using problem = await ReweightProblem.fromChunks(chunksOf(1000), {
      targets,
      storage: { folder: emptyFolder() },
    })
    problem.update({ bounds: [0.5, 2] })
    using same = new ReweightProblem({ matrix, designWeights: weights, targets, bounds: [0.5, 2] })
    const answer = await problem.solve()
    expect(answer.digest).toBe(same.solveSync().digest)
    expect(problem.certify(answer, { penalty: 0.01 }).certificate).toEqual(answer.certificate)
  })
})

describe('what goes wrong', () => {
  it.each([
    ['an error', new TypeError('mine')],
    ['a frozen object', Object.freeze({ mine: true })],
    ['a string', 'mine'],
    ['undefined', undefined],
  ])("the caller's exception passes unchanged: %s", async (_, thrown) => {
    const folder = emptyFolder()
    function* chunks() {
      yield* [...chunksOf(1000)].slice(0, 2)
      throw thrown
    }
    const outcome = await ReweightProblem.fromChunks(chunks(), { targets, storage: { folder } }).then(
      () => 'no exception',
      (value: unknown) => ({ value }),
    )
    expect((outcome as { value: unknown }).value).toBe(thrown)
    if (process.platform === 'linux') expect(openFiles(folder)).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })

  it('ends the generator at the first wrong chunk and gives the files back', async () => {
    const folder = emptyFolder()
    let numAsked = 0
    let ended = false
    function* chunks() {
      try {
        for (const chunk of chunksOf(1000)) {
          if (process.platform === 'linux') expect(openFiles(folder).length).toBe(2)
          yield numAsked++ === 1 ? { ...chunk, designWeights: [1, 2, 3] } : chunk
        }
      } finally {
        ended = true
      }
    }
    const problem = ReweightProblem.fromChunks(chunks(), { targets, storage: { folder } })
    await expect(problem).rejects.toMatchObject({ path: 'chunks[1].matrix.rowStarts' })
    expect([numAsked, ended]).toEqual([2, true])
    if (process.platform === 'linux') expect(openFiles(folder)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('a killed process leaves nothing in the folder', async () => {
    const folder = emptyFolder()
    const source = `
      import { ReweightProblem } from ${JSON.stringify(entry)}
      async function* chunks() {
        for (let i = 0; ; i++) {
          if (i === 20) process.stdout.write('under way')
          if (i > 20) await new Promise((resolve) => setTimeout(resolve, 1000))
          yield { designWeights: new Float64Array(1000).fill(1), matrix: { format: 'columns', columns: [new Float64Array(1000).fill(2)] } }
        }
      }
      await ReweightProblem.fromChunks(chunks(), { targets: [{ total: 1 }], storage: { folder: ${JSON.stringify(folder)} } })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(readdirSync(folder)).toEqual([])
  })

  const good = chunkOf(0, 1000, 'csr')
  const csr = good.matrix as Extract<ReweightChunk['matrix'], { format: 'csr' }>
  const cases: [string, unknown, object, string, string][] = [
    ['no chunks', undefined, {}, 'wrong_type', 'chunks'],
    ['a number of chunks', 7, {}, 'wrong_type', 'chunks'],
    ['none at all', [], {}, 'empty', 'designWeights'],
    ['a chunk that is none', [good, 7], {}, 'wrong_type', 'chunks[1]'],
    ['an unknown part', [{ ...good, weights: [] }], {}, 'unknown_option', 'chunks[0].weights'],
    [
      'a weight of 0',
      [good, { ...good, designWeights: new Float64Array(1000) }],
      {},
      'out_of_range',
      'chunks[1].designWeights[0]',
    ],
    ['no matrix', [{ ...good, matrix: undefined }], {}, 'wrong_type', 'chunks[0].matrix'],
    [
      'an unknown format',
      [{ ...good, matrix: { format: 'coo' } }],
      {},
      'wrong_type',
      'chunks[0].matrix.format',
    ],
    [
      'a column out of range',
      [{ ...good, matrix: { ...csr, columnIndices: csr.columnIndices.map(() => 60) } }],
      {},
      'out_of_range',
      'chunks[0].matrix.columnIndices[0]',
    ],
    ['crossed bounds', [good, { ...good, bounds: [2, 1] }], {}, 'out_of_range', 'chunks[1].bounds[0]'],
    ['no targets', [good], { targets: undefined }, 'wrong_type', 'targets'],
    ['an unknown option', [good], { storge: 'memory' }, 'unknown_option', 'options.storge'],
    ['bounds per record', [good], { bounds: [[1, 2], 3] }, 'dimension', 'bounds'],
    ['an unknown storage', [good], { storage: 'disk' }, 'wrong_type', 'storage'],
    ['a folder that is none', [good], { storage: { folder: 3 } }, 'wrong_type', 'storage.folder'],
    [
      'a folder that is not there',
      [good],
      { storage: { folder: '/no such folder' } },
      'file',
      'storage.folder',
    ],
  ]
  it.each(cases)('%s', async (_, chunks, options, code, path) => {
    const problem = ReweightProblem.fromChunks(
      chunks as ReweightChunk[],
      {
        targets,
        ...options,
      } as ChunkedOptions,
    )
    await expect(problem).rejects.toBeInstanceOf(InputError)
    await expect(problem).rejects.toMatchObject({ code, path })
  })

  it.runIf(process.platform === 'linux')('a disk that takes no more is an error with its place', async () => {
    // A limit on the size of files refuses what lies beyond it, as a full disk does.
    const source = `
      import { ReweightProblem } from ${JSON.stringify(entry)}
      const columns = [Float64Array.from({ length: 20_000 }, (_, i) => i + 1)]
      const chunks = [{ designWeights: columns[0], matrix: { format: 'columns', columns } }]
      const storage = { folder: ${JSON.stringify(emptyFolder())} }
      await ReweightProblem.fromChunks(chunks, { targets: [{ total: 1 }], storage })`
    const script = `trap '' XFSZ; ulimit -f 100; exec "$0" --input-type=module --eval "$1"`
    const child = spawn('sh', ['-c', script, process.execPath, source])
    let written = ''
    for await (const part of child.stderr) written += part
    expect(written).toMatch(/InputError: storage\.folder: expected .* received File too large/)
  })
})
