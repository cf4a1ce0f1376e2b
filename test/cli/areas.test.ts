import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { areaAlone, boundsOf } from '../../ts/areas/alone.js'
import { readAreasFile } from '../../ts/areas/file.js'
import { readAreasProblem } from '../../ts/areas/problem.js'
import { isRefused } from '../../ts/areas/resolve.js'
import { ReweightProblem } from '../../ts/index.js'
import { folder } from '../data/folder.js'
import { equipoise, root, withoutTiming } from './run.js'

const population = ['--records', '1500', '--targets', '25', '--areas', '6', '--seed', '4']
const data = ['--records', 'records.csv', '--id', 'id', '--weight', 'weight', '--targets', 'targets.csv']
const batch = ['areas', ...data, '--areas', 'areas.yaml', '--quiet']
const keys = ['A001', 'A002', 'A003', 'A004', 'A005', 'A006']

type At = (name: string) => string

const read = (file: string) => readFileSync(file, 'utf8')
const summaryOf = (at: At, out = 'out') => JSON.parse(read(at(`${out}/summary.json`)))

function edit(file: string, change: (text: string) => string): void {
  const text = read(file)
  expect(change(text)).not.toBe(text)
  writeFileSync(file, change(text))
}

/** Everything that a batch leaves, without what may differ from run to run. */
function results(at: At, out = 'out'): Record<string, string> {
  const files = keys.flatMap((key) => [`areas/${key}/weights.csv`, `areas/${key}/certificate.json`])
  const all = ['summary.json', 'exhaustion.csv', ...files].filter((file) => existsSync(at(`${out}/${file}`)))
  return Object.fromEntries(all.map((file) => [file, withoutTiming(read(at(`${out}/${file}`)))]))
}

/** When the weights of each area were written. */
const times = (at: At) => keys.map((key) => statSync(at(`out/areas/${key}/weights.csv`)).mtimeMs)

const rewritten = (before: number[], after: number[]) => keys.filter((_, i) => before[i] !== after[i])

let source: string
let first: Record<string, string>

beforeAll(async () => {
  source = mkdtempSync(join(tmpdir(), 'equipoise-areas-'))
  await equipoise(['generate', ...population, '--out', '.', '--quiet'], { cwd: source })
  const run = await equipoise([...batch, '--out', 'out'], { cwd: source })
  expect(run).toEqual({ code: 0, stdout: '', stderr: '' })
  first = results((name) => join(source, name))
})

afterAll(() => rmSync(source, { recursive: true, force: true }))

/** A copy of the generated data; with the results of the first run beside them, or without. */
function copy({ done }: { done: boolean }): At {
  const at = folder()
  cpSync(source, at('.'), { recursive: true, preserveTimestamps: true })
  if (!done) rmSync(at('out'), { recursive: true })
  return at
}

const run = (at: At, options: string[] = [], given = batch) =>
  equipoise([...given, '--out', 'out', ...options], { cwd: at('.') })

/** Without pages, which take most of the time of a run. */
const runWithoutPages = (at: At, options: string[] = []) => run(at, ['--no-pages', ...options])

it('writes weights, certificate and page of each area, and what they add up to', () => {
  expect(readdirSync(join(source, 'out')).sort()).toEqual([
    'areas',
    'exhaustion.csv',
    'index.html',
    'summary.json',
  ])
  for (const key of keys) {
    const files = ['area.json', 'certificate.json', 'report.html', 'weights.csv']
    expect(readdirSync(join(source, 'out/areas', key)).sort()).toEqual(files)
  }
  // The page has the totals in a table; as one long option they would overflow it.
  expect(read(join(source, 'out/areas/A001/report.html'))).not.toContain('weightScale')
  const summary = JSON.parse(first['summary.json']!)
  expect(summary).toMatchObject({ schema: 'equipoise/areas-summary/1', statuses: { converged: 6 } })
  const digests = keys.map((key) => JSON.parse(first[`areas/${key}/certificate.json`]!).digest)
  expect(summary.areas.map(({ key, digest }: { key: string; digest: string }) => [key, digest])).toEqual(
    keys.map((key, i) => [key, digests[i]]),
  )
  // The areas share out the population: together they use each record about once.
  expect(summary.exhaustion.mean).toBeGreaterThan(0.5)
  expect(first['exhaustion.csv']!.trimEnd().split('\n')).toHaveLength(1501)
})

it('gives each area the answer that it has alone', async () => {
  const at = (name: string) => join(source, name)
  const file = await readAreasFile(at('areas.yaml'))
  const { shared, areas } = await readAreasProblem({
    data: {
      records: { files: [at('records.csv')] },
      id: 'id',
      weight: 'weight',
      targets: [at('targets.csv')],
    },
    path: at('areas.yaml'),
    file,
    options: { bounds: [0.1, 10], dropImpossible: false },
  })
  for (const area of areas.slice(0, 2)) {
    if (isRefused(area)) throw area.fault
    const { matrix, records, targets } = areaAlone(shared, area)
    const totals = targets.map(({ name, total }) => ({ name, total }))
    using alone = new ReweightProblem({
      matrix,
      designWeights: records.designWeights,
      targets: totals,
      bounds: boundsOf(area),
    })
    const { digest } = await alone.solve({ threads: 1 })
    expect(JSON.parse(first[`areas/${area.definition.key}/certificate.json`]!).digest).toBe(digest)
  }
})

describe('verify', () => {
  const files = [
    '--certificate',
    'out/areas/A002/certificate.json',
    '--weights',
    'out/areas/A002/weights.csv',
  ]

  it("confirms an area's certificate from the files alone", async () => {
    const confirmed = await equipoise(['verify', ...files], { cwd: source })
    expect(confirmed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Confirmed\./) })
  })

  it('finds a total that is another one now', async () => {
    const at = copy({ done: true })
    edit(at('totals.csv'), (text) => text.replace(/^(A002,\d+)/m, '$17'))
    const { code, stdout } = await equipoise(['verify', ...files], { cwd: at('.') })
    expect(code).toBe(3)
    expect(stdout).toContain('options.data.areas.definition')
    expect(stdout).toContain('targets[0] (wages_amount_all).target')
  })

  it('takes the areas file from where the option says', async () => {
    const at = copy({ done: true })
    cpSync(at('areas.yaml'), at('sub.yaml'))
    rmSync(at('areas.yaml'))
    expect(await equipoise(['verify', ...files], { cwd: at('.') })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--areas: expected the certificate's file areas.yaml"),
    })
    expect(await equipoise(['verify', ...files, '--areas', 'sub.yaml'], { cwd: at('.') })).toMatchObject({
      code: 0,
    })
  })
})

it('gives the same bytes whatever the order of the areas and the number of threads', async () => {
  const at = copy({ done: false })
  edit(at('areas.yaml'), (text) => {
    const [head, ...areas] = text.split(/(?= {2}- key)/)
    return [head, ...areas.reverse()].join('')
  })
  expect(await runWithoutPages(at, ['--threads', '1'])).toMatchObject({ code: 0 })
  expect(results(at)).toEqual(first)
})

describe('a rerun', () => {
  it('keeps what is done', async () => {
    const at = copy({ done: true })
    const before = times(at)
    expect(await run(at)).toMatchObject({ code: 0 })
    expect(rewritten(before, times(at))).toEqual([])
    expect(results(at)).toEqual(first)
    expect(summaryOf(at).timing).toMatchObject({ numSolved: 0, numKept: 6 })
  })

  it('does again the area whose definition has changed', async () => {
    const at = copy({ done: true })
    const before = times(at)
    edit(at('areas.yaml'), (text) => text.replace('key: A003\n', 'key: A003\n    bounds: [0.2, 5]\n'))
    expect(await runWithoutPages(at)).toMatchObject({ code: 0 })
    expect(rewritten(before, times(at))).toEqual(['A003'])
    const fresh = results(at)
    rmSync(at('out'), { recursive: true })
    await runWithoutPages(at)
    expect(results(at)).toEqual(fresh)
  })

  it('does again the area whose total has changed', async () => {
    const at = copy({ done: true })
    const before = times(at)
    edit(at('totals.csv'), (text) => text.replace(/^(A005,\d+)/m, '$17'))
    expect(await runWithoutPages(at)).toMatchObject({ code: 0 })
    expect(rewritten(before, times(at))).toEqual(['A005'])
  })

  it.each([
    ['weights that were changed', 'weights.csv', (text: string) => text.replace('1,', '2,')],
    ['a certificate that was cut off', 'certificate.json', (text: string) => text.slice(0, -100)],
    ['a record that was cut off', 'area.json', (text: string) => text.slice(0, -100)],
  ])('does again an area of %s', async (_, file, change) => {
    const at = copy({ done: true })
    const before = times(at)
    edit(at(`out/areas/A002/${file}`), change)
    expect(await runWithoutPages(at)).toMatchObject({ code: 0 })
    expect(rewritten(before, times(at))).toEqual(['A002'])
    expect(results(at)).toEqual(first)
  })

  it('does again an area whose page is missing, unless none is asked for', async () => {
    const at = copy({ done: true })
    const before = times(at)
    rmSync(at('out/areas/A006/report.html'))
    await runWithoutPages(at)
    expect(rewritten(before, times(at))).toEqual([])
    await run(at)
    expect(rewritten(before, times(at))).toEqual(['A006'])
  })

  it.each([
    ['another setting', ['--penalty', '1e-3'], () => {}],
    ['other data', [], (at: At) => edit(at('records.csv'), (text) => text.replace(/^1,[\d.]+/m, '1,77'))],
  ])('does everything again with %s', async (_, options, change) => {
    const at = copy({ done: true })
    const before = times(at)
    change(at)
    expect(await runWithoutPages(at, options)).toMatchObject({ code: 0 })
    expect(rewritten(before, times(at))).toEqual(keys)
  })

  it('brings no file of an earlier run back for an area that has no answer any more', async () => {
    const at = copy({ done: true })
    edit(at('totals.csv'), (text) => text.replace(/^A004,\d+/m, 'A004,'))
    expect(await runWithoutPages(at)).toMatchObject({ code: 3 })
    expect(readdirSync(at('out/areas/A004'))).toEqual([])
  })
})

it('loses at most the areas in flight when it is killed at any moment', async () => {
  const at = copy({ done: false })
  let numKills = 0
  for (let finished = false; !finished; ) {
    // Later and later, at points that nothing in the program knows of. In proportion, so that a slow machine needs few more.
    const after = 150 * 1.3 ** numKills * (1 + 0.3 * Math.random())
    let timer: NodeJS.Timeout | undefined
    let kept = 0
    const { code } = await equipoise([...batch.filter((option) => option !== '--quiet'), '--out', 'out'], {
      cwd: at('.'),
      onStderr: (text, kill) => {
        timer ??= setTimeout(() => kill('SIGKILL'), after)
        kept = (text.match(/: converged$/gm) ?? []).length
      },
    })
    clearTimeout(timer)
    finished = code === 0
    if (!finished) numKills++
    // What was reported as done is done: its record is there.
    const done = keys.filter((key) => existsSync(at(`out/areas/${key}/area.json`)))
    expect(done.length).toBeGreaterThanOrEqual(finished ? 6 : Math.min(kept, 6))
    expect(numKills).toBeLessThan(100)
  }
  expect(numKills).toBeGreaterThan(0)
  expect(results(at)).toEqual(first)
  for (const key of keys)
    expect(readdirSync(at(`out/areas/${key}`)).filter((name) => name.startsWith('.'))).toEqual([])
  expect(readdirSync(at('out')).filter((name) => name.startsWith('.'))).toEqual([])
}, 300_000)

it.runIf(process.platform !== 'win32')(
  'ends with what is done on Ctrl-C, and a rerun does the rest',
  async () => {
    const at = copy({ done: false })
    let isSent = false
    const stopped = await equipoise(
      [...batch.filter((option) => option !== '--quiet'), '--threads', '1', '--out', 'out'],
      {
        cwd: at('.'),
        onStderr: (text, kill) => {
          if (!isSent && text.includes('1 of 6 areas')) {
            isSent = true
            kill('SIGINT')
          }
        },
      },
    )
    expect(stopped).toMatchObject({ code: 3, stderr: expect.stringContaining('stopping') })
    const { statuses } = summaryOf(at)
    expect(statuses.not_solved).toBeGreaterThan(0)
    expect(statuses.converged).toBeGreaterThan(0)
    expect(await run(at)).toMatchObject({ code: 0 })
    expect(results(at)).toEqual(first)
  },
)

describe('a bad area', () => {
  const twoBad = (at: At) => {
    edit(at('totals.csv'), (text) => text.replace(/^A002,\d+/m, 'A002,'))
    edit(at('areas.yaml'), (text) =>
      text.replace('key: A005\n', "key: A005\n    overrides: [{match: 'no*', band: 1%}]\n"),
    )
  }

  it('is reported, with its place, and does not stop the others', async () => {
    const at = copy({ done: false })
    twoBad(at)
    const { code, stderr } = await runWithoutPages(at)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: area A002: areas\[1\]\.totals\.\w+: expected a total/m)
    expect(stderr).toMatch(/^error: area A005: areas\[4\]\.overrides\[0\]\.match: expected a pattern/m)
    const { areas, statuses } = summaryOf(at)
    expect(statuses).toEqual({ bad_input: 2, converged: 4 })
    expect(areas[1]).toMatchObject({
      key: 'A002',
      status: 'bad_input',
      digest: null,
      error: { code: 'missing_value' },
    })
    for (const key of ['A001', 'A003', 'A004', 'A006'])
      expect(results(at)[`areas/${key}/weights.csv`]).toBe(first[`areas/${key}/weights.csv`])
  })

  it('is found by the solver too', async () => {
    const at = copy({ done: false })
    // The penalty form is undefined for a total of -1.
    edit(at('totals.csv'), (text) => text.replace(/^A003,\d+/m, 'A003,-1'))
    const { code } = await runWithoutPages(at)
    expect(code).toBe(3)
    const { areas, statuses } = summaryOf(at)
    expect(statuses).toEqual({ bad_input: 1, converged: 5 })
    expect(areas[2].error.path).toBe('areas[2].totals.wages_amount_all')
  })

  it('is bad input where all areas are bad', async () => {
    const at = copy({ done: false })
    edit(at('areas.yaml'), (text) => text.replaceAll('weightScale', "where: 'agi < -1e99'\n    weightScale"))
    expect(await run(at)).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(at('out'))).toBe(false)
  })

  it('is found by --check, which solves nothing', async () => {
    const at = copy({ done: false })
    expect(await run(at, ['--check'])).toMatchObject({ code: 0, stderr: '' })
    twoBad(at)
    expect(await run(at, ['--check'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('area A005'),
    })
    expect(existsSync(at('out'))).toBe(false)
  })
})

it('says of an area that no weights can do what it asks and why, keeps the proof and writes no weights', async () => {
  const at = copy({ done: true })
  // Multipliers of at most 0.2 cannot bring the returns near their total.
  const override = "overrides: [{match: 'returns_class05', weight: hard}]"
  edit(at('areas.yaml'), (text) => text.replace('key: A003\n', `key: A003\n    cap: 0.2\n    ${override}\n`))
  const form = ['--form', 'bands', '--band', '2%']
  const loud = batch.filter((option) => option !== '--quiet')
  for (const numKept of [0, 6]) {
    const { code, stdout } = await run(at, form, loud)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^ {2}A003: .*returns_class05/m)
    const { areas, statuses, timing } = summaryOf(at)
    expect(statuses).toEqual({ converged: 5, infeasible: 1 })
    expect(areas[2]).toMatchObject({ key: 'A003', status: 'infeasible', distribution: null, numTargets: 0 })
    expect(timing.numKept).toBe(numKept)
    expect(areas[2].message).toContain('returns_class05')
    expect(readdirSync(at('out/areas/A003')).sort()).toEqual(['area.json', 'certificate.json', 'report.html'])
  }
  const certificate = () => JSON.parse(read(at('out/areas/A003/certificate.json')))
  const [set] = certificate().infeasibility.explanation.minimalSets
  expect(set).toMatchObject({ minimal: true, members: [{ name: 'returns_class05', side: 'lower' }] })
  expect(read(at('out/areas/A003/report.html'))).toContain('Contradiction 1')
  expect(
    await equipoise(['verify', '--certificate', 'out/areas/A003/certificate.json'], { cwd: at('.') }),
  ).toMatchObject({ code: 0 })
  expect(await runWithoutPages(at, [...form, '--no-explain'])).toMatchObject({ code: 3 })
  expect(certificate().infeasibility.explanation).toBeNull()
})

it('warns of bands that the form has no use for', async () => {
  const at = copy({ done: false })
  edit(at('areas.yaml'), (text) => text.replace('key: A003\n', 'key: A003\n    band: 1%\n'))
  await runWithoutPages(at)
  expect(summaryOf(at).warnings).toContain('the bands of the areas file mean nothing to --form penalty')
})

it('keeps the exhaustion of every record under a cap', async () => {
  const { maximum } = JSON.parse(first['summary.json']!).exhaustion
  const cap = 1 + (maximum - 1) * 0.6
  const at = copy({ done: false })
  const options = ['--exhaustion-cap', String(cap)]
  expect(await runWithoutPages(at, options)).toMatchObject({ code: 0 })
  const { exhaustion, statuses } = summaryOf(at)
  expect(statuses).toEqual({ converged: 6 })
  expect(exhaustion).toMatchObject({ cap, numAboveCap: 0 })
  expect(exhaustion.maximum).toBeLessThanOrEqual(cap * (1 + 1e-12))
  const capped = results(at)
  const before = times(at)
  expect(read(at('out/areas/A001/weights.csv'))).toMatch(/^id,weight,multiplier,upper_bound\n/)
  const files = [
    '--certificate',
    'out/areas/A001/certificate.json',
    '--weights',
    'out/areas/A001/weights.csv',
  ]
  expect(await equipoise(['verify', ...files], { cwd: at('.') })).toMatchObject({ code: 0 })
  await runWithoutPages(at, options)
  expect(rewritten(before, times(at))).toEqual([])
  expect(results(at)).toEqual(capped)
})

it.each([
  ['penalty', 'reweight', []],
  ['bands', 'band', ['--band', '2%']],
  ['calibrate', 'calibration', ['--targets-where', "name LIKE '%_amount_all'"]],
])('writes certificates of the form %s that fulfil their schema', async (form, name, options) => {
  const at = copy({ done: false })
  await runWithoutPages(at, ['--form', form, ...options])
  const schema = JSON.parse(read(`${root}/docs/schema/${name}-certificate-1.schema.json`))
  const validate = new Ajv2020({ strict: false }).compile(schema)
  for (const key of keys) {
    const certificate = JSON.parse(read(at(`out/areas/${key}/certificate.json`)))
    expect(validate(certificate), JSON.stringify(validate.errors)).toBe(true)
    expect(certificate.options.data.areas).toMatchObject({ file: 'areas.yaml', definition: { key } })
  }
  expect(summaryOf(at).statuses).toEqual({ converged: 6 })
})

it('prints the summary as JSON, and writes Parquet', async () => {
  const at = copy({ done: false })
  const { code, stdout } = await runWithoutPages(at, ['--json', '--format', 'parquet'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual(summaryOf(at))
  expect(readdirSync(at('out/areas/A001')).sort()).toEqual([
    'area.json',
    'certificate.json',
    'weights.parquet',
  ])
  expect(summaryOf(at).digest).toBe(JSON.parse(first['summary.json']!).digest)
})
