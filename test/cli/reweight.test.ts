import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { readWeightTable } from '../../ts/cli/weights-file.js'
import { folder } from '../data/folder.js'
import { equipoise, root, smallArguments, smallProblem, withoutTiming } from './run.js'

const outputs = ['--out', 'weights.csv', '--certificate', 'certificate.json']

describe('a run that converges', () => {
  it('writes weights and certificate, prints a result for a reader and exits with 0', async () => {
    const at = folder(smallProblem())
    const before = readdirSync(at('.'))
    const run = await equipoise(['reweight', ...smallArguments, ...outputs, '--report', 'report.html'], {
      cwd: at('.'),
    })
    expect(run).toMatchObject({ code: 0 })
    expect(run.stdout).toMatch(/^Certified: every multiplier is within \S+ of the only optimum/)
    expect(run.stdout).toContain('60 records, 4 targets')
    expect(run.stdout).toContain('Written: weights.csv, certificate.json, report.html')
    expect(run.stderr).toContain('solving')
    expect(readdirSync(at('.')).sort()).toEqual(
      [...before, 'certificate.json', 'report.html', 'weights.csv'].sort(),
    )
    expect(readFileSync(at('report.html'), 'utf8')).toMatch(/^<!doctype html>/i)

    const lines = readFileSync(at('weights.csv'), 'utf8').trimEnd().split('\n')
    const households = readFileSync(at('households.csv'), 'utf8').trimEnd().split('\n')
    expect(lines[0]).toBe('hh,weight,multiplier')
    expect(lines.map((line) => line.split(',')[0])).toEqual(households.map((line) => line.split(',')[0]))
    for (const [i, line] of lines.slice(1).entries()) {
      const [, weight, multiplier] = line.split(',').map(Number)
      expect(weight).toBe(Number(households[i + 1]!.split(',')[1]) * multiplier!)
    }
  })

  it('writes a certificate that its published schema describes', async () => {
    const at = folder(smallProblem())
    await equipoise(['reweight', ...smallArguments, ...outputs, '--quiet'], { cwd: at('.') })
    const certificate = JSON.parse(readFileSync(at('certificate.json'), 'utf8'))
    const schema = JSON.parse(readFileSync(`${root}/docs/schema/reweight-certificate-1.schema.json`, 'utf8'))
    const validate = new Ajv2020({ allErrors: true }).compile(schema)
    validate(certificate)
    expect(validate.errors).toBeNull()
    expect(certificate).toMatchObject({
      schema: 'equipoise/reweight-certificate/1',
      status: 'converged',
      inputs: { numRecords: 60, numTargets: 4, droppedRecords: 0 },
      options: { penalty: 0.01, bounds: [0.1, 10], data: { id: 'hh', weight: 'w' } },
    })
    expect(certificate.distanceBound).toBeLessThanOrEqual(certificate.options.tolerance)
    expect(
      certificate.inputs.files.map(({ role, table, file }: Record<string, string>) => [role, table, file]),
    ).toEqual([
      ['records', 'households', 'households.csv'],
      ['child', 'persons', 'persons.csv'],
      ['targets', undefined, 'targets.csv'],
    ])
    for (const required of [
      { ...certificate, digest: 'x' },
      { ...certificate, objective: undefined },
    ]) {
      expect(validate(JSON.parse(JSON.stringify(required)))).toBe(false)
    }
  })

  it('writes the same bytes in each run and for any number of threads, but for the times', async () => {
    const at = folder(smallProblem())
    const written = []
    for (const threads of ['1', '2', '2']) {
      await equipoise(['reweight', ...smallArguments, ...outputs, '--threads', threads, '--quiet'], {
        cwd: at('.'),
      })
      written.push([
        readFileSync(at('weights.csv'), 'utf8'),
        withoutTiming(readFileSync(at('certificate.json'), 'utf8')),
      ])
    }
    expect(written[1]).toEqual(written[0])
    expect(written[2]).toEqual(written[0])
  })

  it('prints the certificate and nothing else with --json, nothing at all with --quiet', async () => {
    const at = folder(smallProblem())
    const json = await equipoise(
      ['reweight', ...smallArguments, '--certificate', 'certificate.json', '--json'],
      { cwd: at('.') },
    )
    expect(json.stdout).toBe(readFileSync(at('certificate.json'), 'utf8'))
    const quiet = await equipoise(['reweight', ...smallArguments, '--quiet'], { cwd: at('.') })
    expect(quiet).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('writes Parquet with the ids in their own type and the same numbers', async () => {
    const at = folder(smallProblem())
    await equipoise(['reweight', ...smallArguments, '--out', 'weights.csv', '--quiet'], { cwd: at('.') })
    await equipoise(['reweight', ...smallArguments, '--out', 'weights.parquet', '--quiet'], { cwd: at('.') })
    const [csv, parquet] = await Promise.all(
      ['csv', 'parquet'].map((format) =>
        readWeightTable(at(`weights.${format}`), {
          path: '--out',
          id: 'hh',
          columns: ['weight', 'multiplier'],
        }),
      ),
    )
    expect(parquet).toEqual({ ...csv, file: at('weights.parquet') })
  })

  it('compares with published weights by id: 0 if they are close, 4 if not', async () => {
    const at = folder(smallProblem())
    await equipoise(['reweight', ...smallArguments, '--out', 'weights.csv', '--quiet'], { cwd: at('.') })
    const [header, ...lines] = readFileSync(at('weights.csv'), 'utf8').trimEnd().split('\n')
    const gold = folder({
      'same.csv': [header, ...lines.toReversed()].join('\n'),
      'other.csv': [header, ...lines]
        .join('\n')
        .replace(/^(h7),([^,]*)/m, (_, id, weight) => `${id},${Number(weight) * 1.01}`),
    })
    const same = await equipoise(['reweight', ...smallArguments, '--gold-star', gold('same.csv')], {
      cwd: at('.'),
    })
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining('Gold star: ') })
    const other = await equipoise(['reweight', ...smallArguments, '--gold-star', gold('other.csv')], {
      cwd: at('.'),
    })
    expect(other).toMatchObject({ code: 4, stdout: expect.stringContaining('Gold star: ') })
    const report = await equipoise(
      ['reweight', ...smallArguments, '--gold-star', gold('other.csv'), '--report', 'report.html'],
      { cwd: at('.') },
    )
    expect(report.code).toBe(4)
    expect(readFileSync(at('report.html'), 'utf8')).toContain('other.csv')
    const json = await equipoise(
      ['reweight', ...smallArguments, '--gold-star', gold('other.csv'), '--json'],
      { cwd: at('.') },
    )
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 'converged' })
  })
})

it('reports dropped records and impossible targets, and leaves the targets out on request', async () => {
  const files = smallProblem()
  const at = folder({
    ...files,
    'households.csv': `${files['households.csv']}h60,0,1,1\n`,
    'targets.csv': `${files['targets.csv']}nobody,persons,age > 200,,10\n`,
  })
  const kept = await equipoise(['reweight', ...smallArguments, '--drop-nonpositive', '--json'], {
    cwd: at('.'),
  })
  expect(JSON.parse(kept.stdout)).toMatchObject({
    inputs: { numRecords: 60, numTargets: 5, droppedRecords: 1 },
    impossibleTargets: ['nobody'],
    warnings: expect.arrayContaining(['1 records of zero or negative weight were dropped']),
  })
  expect(kept.stderr).toContain('warning: 1 records of zero or negative weight were dropped')
  const dropped = await equipoise(
    ['reweight', ...smallArguments, '--drop-nonpositive', '--drop-impossible', '--json'],
    { cwd: at('.') },
  )
  expect(JSON.parse(dropped.stdout)).toMatchObject({
    inputs: { numTargets: 4 },
    impossibleTargets: [],
    warnings: expect.arrayContaining(['1 impossible targets were dropped: nobody']),
  })
})

describe('a run that is not certified', () => {
  it.each([
    ['iteration_limit', ['--method', 'lbfgsb', '--max-iterations', '1']],
    ['cancelled', ['--time-limit', '1e-9']],
  ])('writes the best weights with the status %s and exits with 3', async (status, options) => {
    const at = folder(smallProblem())
    const run = await equipoise(['reweight', ...smallArguments, ...outputs, ...options], { cwd: at('.') })
    expect(run).toMatchObject({ code: 3, stdout: expect.stringContaining(`NOT CERTIFIED (${status})`) })
    const certificate = JSON.parse(readFileSync(at('certificate.json'), 'utf8'))
    expect(certificate.status).toBe(status)
    expect(readFileSync(at('weights.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(61)
  })
})

describe('bad input', () => {
  const allOutputs = [...outputs, '--report', 'report.html']

  it.each([
    ['a negative penalty', ['--penalty', '-1'], 'penalty'],
    ['a penalty that is no number', ['--penalty', 'x'], '--penalty'],
    ['crossed bounds', ['--bounds', '2,1'], 'bounds'],
    ['an unknown method', ['--method', 'magic'], '--method'],
    ['no tolerance', ['--tolerance', '0'], 'tolerance'],
    ['an unknown option', ['--nonsense'], '--nonsense'],
    ['an unknown column', ['--id', 'nope'], 'nope'],
    ['an unreadable gold star', ['--gold-star', 'nowhere.csv'], '--gold-star'],
    ['a report in the place of an input', ['--report', './targets.csv'], '--report'],
    ['a weights file of another kind', ['--out', 'weights.xlsx'], '--out'],
    ['a folder that is not there', ['--report', 'nowhere/report.html'], '--report'],
    ['bad SQL', ['--targets-where', 'total >'], '--targets-where'],
  ])('refuses %s, names the place and writes no file', async (_, options, place) => {
    const at = folder(smallProblem())
    const before = readdirSync(at('.'))
    const run = await equipoise(['reweight', ...smallArguments, ...allOutputs, ...options], { cwd: at('.') })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^error: /m)
    expect(run.stderr).toContain(place)
    expect(readdirSync(at('.'))).toEqual(before)
  })

  it.each([
    [
      'an unknown column',
      'bad,households,colour = 1,,5',
      'targets[4] (bad).predicate',
      'Referenced column "colour" not found',
    ],
    ['a total of -1', 'bad,households,TRUE,,-1', 'targets[4] (bad).total', '-1'],
    ['a name twice', 'large,households,TRUE,,5', 'targets[4] (large).name', 'as in targets[1]'],
  ])('names the target with %s by its row in the file', async (_, row, place, message) => {
    const files = smallProblem()
    const at = folder({ ...files, 'targets.csv': `${files['targets.csv']}${row}\n` })
    const before = readdirSync(at('.'))
    const run = await equipoise(['reweight', ...smallArguments, ...allOutputs], { cwd: at('.') })
    expect(run.code).toBe(2)
    expect(run.stderr).toContain(`error: ${place}`)
    expect(run.stderr).toContain(message)
    expect(readdirSync(at('.'))).toEqual(before)
  })

  it('leaves the files of an earlier run as they are', async () => {
    const at = folder({ ...smallProblem(), 'weights.csv': 'earlier', 'certificate.json': 'earlier' })
    const before = readdirSync(at('.'))
    const run = await equipoise(['reweight', ...smallArguments, ...outputs, '--penalty', '0'], {
      cwd: at('.'),
    })
    expect(run.code).toBe(2)
    expect(readdirSync(at('.'))).toEqual(before)
    expect(readFileSync(at('weights.csv'), 'utf8')).toBe('earlier')
  })
})

it('shows a worked example in the help of each command, and every exit code in the general one', async () => {
  for (const command of ['reweight', 'areas', 'verify', 'compare', 'generate']) {
    const help = await equipoise([command, '--help'], { cwd: root })
    expect(help).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(`$ equipoise ${command} `),
    })
  }
  const help = await equipoise(['--help'], { cwd: root })
  expect(help.stdout).toMatch(/130 +stopped/)
  expect(await equipoise(['nonsense'], { cwd: root })).toMatchObject({ code: 2, stdout: '' })
})
