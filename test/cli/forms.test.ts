import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parseBand, parseBandOverride } from '../../ts/cli/arguments.js'
import { folder } from '../data/folder.js'
import { equipoise, root, smallArguments, smallProblem, withoutTiming } from './run.js'

const outputs = ['--out', 'weights.csv', '--certificate', 'certificate.json']

/** The small problem with columns of numbers: distance weights, q-weights, pairs of records, importance, costs. */
function problem(): Record<string, string> {
  const files = smallProblem()
  const [header, ...rows] = files['households.csv']!.trimEnd().split('\n')
  const households = rows.map((row, i) => `${row},${1 + (i % 3)},${1 + (i % 2) / 2},p${i >> 1}`)
  const [columns, ...targets] = files['targets.csv']!.trimEnd().split('\n')
  const weighed = targets.map((row, j) => `${row},${['', 10, 0.5, 2][j]},${['', 1, '', 1e-3][j]}`)
  return {
    ...files,
    'households.csv': `${[`${header},d,q,pair`, ...households].join('\n')}\n`,
    'targets.csv': `${[`${columns},importance,cost`, ...weighed].join('\n')}\n`,
  }
}

async function run(options: string[], files = problem()) {
  const at = folder(files)
  const finished = await equipoise(['reweight', ...smallArguments, ...outputs, ...options], { cwd: at('.') })
  const path = at('certificate.json')
  return { at, ...finished, certificate: existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null }
}

const forms: [name: string, schema: string, options: string[]][] = [
  ['bands', 'band-certificate-1', ['--form', 'bands', '--band', '0.5%', '--bounds', '0.5,4']],
  [
    'bands with all that they may have',
    'band-certificate-1',
    [
      ...[
        '--form',
        'bands',
        '--band',
        'abs:2',
        '--band-override',
        'l*=1%@1e4',
        '--band-override',
        'children=@hard',
      ],
      ...[
        '--band-override',
        'nobody*=1%,optional',
        '--elastic',
        '1e5',
        '--zero-tolerance',
        '3',
        '--bounds',
        '0.5,4',
      ],
      ...['--importance', 'importance', '--distance-weight', 'd', '--method', 'proximal_newton'],
    ],
  ],
  ['hard bands', 'band-certificate-1', ['--form', 'bands', '--elastic', 'hard', '--band', '1%']],
  [
    'bands by rank',
    'band-certificate-1',
    [
      '--form',
      'bands',
      '--band',
      '0',
      '--importance',
      'importance',
      '--importance-as',
      'rank',
      '--bounds',
      '0.8,1.5',
    ],
  ],
  ['linear calibration', 'calibration-certificate-1', ['--form', 'calibrate']],
  [
    'raking with q-weights and costs',
    'calibration-certificate-1',
    ['--form', 'calibrate', '--distance', 'raking', '--q-weight', 'q', '--cost', 'cost'],
  ],
  [
    'logit calibration',
    'calibration-certificate-1',
    ['--form', 'calibrate', '--distance', 'logit', '--bounds', '0.2,5'],
  ],
  ['sinh', 'calibration-certificate-1', ['--form', 'calibrate', '--distance', 'sinh', '--alpha', '0.5']],
]

describe.each(forms)('a run of %s', (_, schema, options) => {
  it('converges, with a certificate that its published schema describes, and a report', async () => {
    const { code, at, stdout, certificate } = await run([...options, '--report', 'report.html'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Certified: every multiplier is within \S+ of the only optimum/)
    const published = JSON.parse(readFileSync(`${root}/docs/schema/${schema}.schema.json`, 'utf8'))
    const validate = new Ajv2020({ allErrors: true }).compile(published)
    validate(certificate)
    expect(validate.errors).toBeNull()
    expect(certificate).toMatchObject({ status: 'converged', infeasibility: null })
    expect(certificate.distanceBound).toBeLessThanOrEqual(certificate.options.tolerance)
    expect(validate({ ...certificate, objective: 'x' })).toBe(false)
    expect(validate({ ...certificate, more: 1 })).toBe(false)
    expect(readFileSync(at('report.html'), 'utf8')).toMatch(/^<!doctype html>/i)
  })

  it('writes the same bytes in each run and for any number of threads, but for the times', async () => {
    const at = folder(problem())
    const written = []
    for (const threads of ['1', '2']) {
      const args = ['reweight', ...smallArguments, ...outputs, ...options, '--threads', threads, '--quiet']
      await equipoise(args, { cwd: at('.') })
      written.push([
        readFileSync(at('weights.csv'), 'utf8'),
        withoutTiming(readFileSync(at('certificate.json'), 'utf8')),
      ])
    }
    expect(written[1]).toEqual(written[0])
  })
})

/** Final total of a target, worked out from the files alone. */
function totals(at: (name: string) => string): { multipliers: number[]; sums: number[] } {
  const rows = (name: string) =>
    readFileSync(at(name), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
  const weights = new Map(rows('weights.csv').map(([id, weight]) => [id!, Number(weight)]))
  const multipliers = rows('weights.csv').map((row) => Number(row[2]))
  const sums = [0, 0, 0, 0]
  for (const [id, , size, kind] of rows('households.csv')) {
    const weight = weights.get(id!)!
    sums[0]! += weight
    if (Number(size) >= 3 || kind === '2') sums[1]! += weight
    sums[2]! += weight * Number(size)
  }
  for (const [id, age] of rows('persons.csv')) if (Number(age) < 18) sums[3]! += weights.get(id!)!
  return { multipliers, sums }
}

it('runs with the options of every form that the help lists', async () => {
  const { stdout: help } = await equipoise(['reweight', '--help'], { cwd: root })
  const lines = help
    .split('\n')
    .flatMap((line) => /^ {2}(--form [a-z].*?)(?: {2,}\S.*)?$/.exec(line)?.[1] ?? [])
  expect(lines).toHaveLength(6)
  for (const line of lines) {
    const { code, stdout } = await run(line.split(' '))
    expect([0, 5], line).toContain(code)
    expect(stdout, line).toMatch(/^(Certified|INFEASIBLE, proven): /)
  }
})

describe('what the options mean', () => {
  const wanted = [150, 110, 340, 75]

  it('keeps hard bands', async () => {
    const { at } = await run(['--form', 'bands', '--elastic', 'hard', '--band', '1%'])
    totals(at).sums.forEach((sum, j) => {
      expect(Math.abs(sum / wanted[j]! - 1)).toBeLessThanOrEqual(0.01 + 1e-12)
    })
  })

  it('gives some targets bands of their own, the later winning', async () => {
    const { at, certificate } = await run([
      ...['--form', 'bands', '--elastic', 'hard', '--band', '5%'],
      ...['--band-override', '*=2%', '--band-override', 'members=340..341'],
    ])
    const edges = certificate.targets.map(({ lower, upper }: Record<string, number>) => [lower, upper])
    expect(edges[0]).toEqual([147, 153])
    expect(edges[2]).toEqual([340, 341])
    const { sums } = totals(at)
    expect(sums[2]).toBeGreaterThanOrEqual(340 - 1e-9)
    expect(sums[2]).toBeLessThanOrEqual(341 + 1e-9)
  })

  it('meets totals exactly, relaxed ones at a cost', async () => {
    const exact = await run(['--form', 'calibrate', '--distance', 'raking'])
    totals(exact.at).sums.forEach((sum, j) => {
      expect(sum / wanted[j]!).toBeCloseTo(1, 12)
    })
    const relaxed = await run(['--form', 'calibrate', '--distance', 'raking', '--cost', 'cost'])
    const { sums } = totals(relaxed.at)
    expect(sums[0]! / 150).toBeCloseTo(1, 12)
    expect(Math.abs(sums[3]! / 75 - 1)).toBeGreaterThan(1e-6)
    const kinds = relaxed.certificate.targets.map(({ relaxed: is }: { relaxed: boolean }) => is)
    expect(kinds).toEqual([false, true, false, true])
  })

  it('gives the records of a cluster one multiplier', async () => {
    const files = problem()
    // A cluster's members have one design weight.
    files['households.csv'] = files['households.csv']!.replaceAll(/^(h\d+),[\d.]+/gm, (_, id) => `${id},2.5`)
    const { at, code } = await run(['--form', 'calibrate', '--cluster', 'pair'], files)
    expect(code).toBe(0)
    const { multipliers } = totals(at)
    for (let i = 0; i < multipliers.length; i += 2) expect(multipliers[i + 1]).toBe(multipliers[i])
    expect(new Set(multipliers).size).toBeGreaterThan(5)
  })

  it('weighs targets by importance and records by their distance weights', async () => {
    const plain = await run(['--form', 'bands', '--elastic', '10', '--band', '0'])
    const weighed = await run([
      '--form',
      'bands',
      '--elastic',
      '10',
      '--band',
      '0',
      '--importance',
      'importance',
    ])
    const miss = ({ at }: typeof plain, j: number) => Math.abs(totals(at).sums[j]! / wanted[j]! - 1)
    // The second target's importance is 10, the third's 0.5.
    expect(miss(weighed, 1)).toBeLessThan(miss(plain, 1))
    expect(miss(weighed, 2)).toBeGreaterThan(miss(plain, 2))
    const dear = await run(['--form', 'bands', '--elastic', '10', '--band', '0', '--distance-weight', 'd'])
    expect(dear.certificate.digest).not.toBe(plain.certificate.digest)
  })

  it('meets the most important bands first, where the importance is a rank', async () => {
    const options = ['--form', 'bands', '--band', '1%', '--bounds', '0.8,1.5', '--importance', 'importance']
    const { at, certificate, stdout } = await run([...options, '--importance-as', 'rank'])
    const { priorities } = certificate
    const levels = priorities.map(({ importance }: { importance: number }) => importance)
    expect(levels).toEqual([10, 2, 1, 0.5])
    expect(stdout).toContain('Priorities')
    const { sums } = totals(at)
    // Bounds that leave no room for all: the first rank is met, a later one is not, and its distance is what is said.
    expect(priorities[0].violation).toBe(0)
    expect(Math.abs(sums[1]! / 110 - 1)).toBeLessThanOrEqual(0.01 + 1e-8)
    expect(priorities.some(({ violation }: { violation: number }) => violation > 0)).toBe(true)
    const names = ['households', 'large', 'members', 'children']
    for (const { targets, isProven } of priorities) {
      expect(isProven).toBe(true)
      for (const { name, outside } of targets) {
        const j = names.indexOf(name)
        expect(Math.max(0, Math.abs(sums[j]! - wanted[j]!) - 0.01 * wanted[j]!)).toBeCloseTo(outside, 6)
      }
    }
  })

  it('writes no weights where none meet what was asked, says why, and exits with 5', async () => {
    for (const options of [
      ['--form', 'bands', '--elastic', 'hard', '--bounds', '0.9,1.1'],
      ['--form', 'calibrate', '--distance', 'logit', '--bounds', '0.9,1.1'],
    ]) {
      const { at, code, stdout, certificate } = await run([...options, '--report', 'report.html'])
      expect(code).toBe(5)
      expect(stdout).toMatch(/^INFEASIBLE, proven: /)
      expect(stdout).toMatch(/What cannot hold together \(leave out any one and the rest can\):\n- /)
      expect(stdout).toMatch(/What would help, the cheapest first:\n- /)
      expect(readdirSync(at('.'))).not.toContain('weights.csv')
      expect(certificate.status).toBe('infeasible')
      expect(certificate.infeasibility.margin).toBeGreaterThan(0)
      expect(certificate.infeasibility.direction).toHaveLength(4)
      const published = `${root}/docs/schema/${certificate.schema.split('/')[1]}-1.schema.json`
      const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(readFileSync(published, 'utf8')))
      validate(certificate)
      expect(validate.errors).toBeNull()
      const { minimalSets, relaxations } = certificate.infeasibility.explanation
      const names = ['households', 'large', 'members', 'children']
      for (const { members, minimal, gap } of minimalSets) {
        expect(minimal).toBe(true)
        expect(gap).toBeGreaterThanOrEqual(0)
        for (const { name } of members) expect(names).toContain(name)
      }
      expect(relaxations.length).toBeGreaterThan(0)
      const page = readFileSync(at('report.html'), 'utf8')
      expect(page).toContain('The contradiction')
      expect(page).toContain('What would help')
      const unexplained = await run([...options, '--no-explain'])
      expect(unexplained.code).toBe(5)
      expect(unexplained.certificate.infeasibility).toEqual({
        ...certificate.infeasibility,
        explanation: null,
      })
      expect(unexplained.stdout).toContain('These targets cannot hold together: ')
      expect(page).not.toContain('id="weights"')
    }
  })
})

describe('arguments of the forms', () => {
  it.each([
    ['0.5%', 0.005],
    ['0.7%', 0.007],
    ['1e-3%', 0.00001],
    ['0.005', 0.005],
    ['0', 0],
    ['abs:100', { absolute: 100 }],
    ['-5..1e3', { lower: -5, upper: 1000 }],
  ])('reads the band %s', (text, band) => {
    expect(parseBand(text)).toEqual(band)
  })

  it.each(['', '%', 'x%', 'abs:', 'abs:x', '1..', '..2', '1e%', '5 percent', '0.5%%'])(
    'refuses the band %j',
    (text) => {
      expect(() => parseBand(text)).toThrow('Expected a finite number')
    },
  )

  it.each([
    ['PComm_*=1%', { match: 'PComm_*', band: 0.01, optional: false }],
    ['a=b=1', { match: 'a=b', band: 1, optional: false }],
    ['num_hh=0@1e8', { match: 'num_hh', band: 0, weight: 1e8, optional: false }],
    ['num_hh=@hard', { match: 'num_hh', weight: 'hard', optional: false }],
    ['HHSize_?=1%@hard,optional', { match: 'HHSize_?', band: 0.01, weight: 'hard', optional: true }],
    ['1: x=abs:3,optional', { match: '1: x', band: { absolute: 3 }, optional: true }],
  ])('reads the override %s', (text, override) => {
    expect(parseBandOverride(text)).toEqual(override)
  })

  it.each(['', '1%', 'a=', 'a=@', '=1%', 'a=1%@', 'a=1%,maybe', 'a=1%@soft'])(
    'refuses the override %j',
    (text) => {
      expect(() => parseBandOverride(text)).toThrow('Expected')
    },
  )

  it.each([
    ['a penalty of bands', ['--form', 'bands', '--penalty', '1'], '--penalty', '--form bands'],
    ['bands of a penalty', ['--band', '1%'], '--band', 'expected --form bands, received --form penalty'],
    ['bands of a calibration', ['--form', 'calibrate', '--elastic', 'hard'], '--elastic', '--form bands'],
    ['a distance of bands', ['--form', 'bands', '--distance', 'raking'], '--distance', '--form calibrate'],
    ['a method of another form', ['--form', 'bands', '--method', 'newton'], '--method', 'proximal_newton'],
    ['a method of a calibration', ['--form', 'calibrate', '--method', 'newton'], '--method', '--form'],
    ['an alpha of another distance', ['--form', 'calibrate', '--alpha', '1'], '--alpha', '--distance sinh'],
    [
      'ranks of no column',
      ['--form', 'bands', '--importance-as', 'rank'],
      '--importance-as',
      '--importance COLUMN',
    ],
    ['a form that is none', ['--form', 'magic'], '--form', 'magic'],
    ['a band that is no number', ['--form', 'bands', '--band', 'wide'], '--band', 'finite number'],
    ['a negative band', ['--form', 'bands', '--band', '-1%'], '--band', '-0.01'],
    ['crossed edges', ['--form', 'bands', '--band', '5..4'], '--band', '5'],
    [
      'an override that matches nothing',
      ['--form', 'bands', '--band-override', 'nobody=1%'],
      '--band-override',
      'nobody',
    ],
    ['a weight of zero', ['--form', 'bands', '--elastic', '0'], '--elastic', '0'],
    ['an alpha of zero', ['--form', 'calibrate', '--distance', 'sinh', '--alpha', '0'], '--alpha', '0'],
    ['crossed bounds', ['--form', 'bands', '--bounds', '2,1'], '--bounds', '2'],
    [
      'logit bounds without 1',
      ['--form', 'calibrate', '--distance', 'logit', '--bounds', '1.5,2'],
      '--bounds',
      '1.5',
    ],
    ['an unknown column of records', ['--form', 'calibrate', '--q-weight', 'nope'], '--q-weight', 'nope'],
    ['an unknown column of targets', ['--form', 'bands', '--importance', 'nope'], '--importance', 'nope'],
    [
      'an unknown cluster column',
      ['--form', 'calibrate', '--cluster', 'nope'],
      'hh, w, size, kind, d, q, pair',
      'nope',
    ],
    [
      'a text for a q-weight',
      ['--form', 'calibrate', '--q-weight', 'pair'],
      'records[0] (hh=h0).pair',
      'text',
    ],
    [
      'members of a cluster of different weights',
      ['--form', 'calibrate', '--cluster', 'pair'],
      'design weight of record 0 in the same cluster',
      '',
    ],
  ])('refuses %s, names the place and writes no file', async (_, options, place, message) => {
    const files = problem()
    const { at, code, stdout, stderr } = await run([...options, '--report', 'report.html'], files)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: /m)
    expect(stderr).toContain(place)
    expect(stderr).toContain(message)
    expect(readdirSync(at('.')).sort()).toEqual(Object.keys(files).sort())
  })

  it.each([
    [
      'a negative importance',
      'targets.csv',
      '150,,',
      '150,-2,',
      ['--form', 'bands', '--importance', 'importance'],
      'targets[0] (households).importance',
    ],
    [
      'a cost of zero',
      'targets.csv',
      '150,,',
      '150,,0',
      ['--form', 'calibrate', '--cost', 'cost'],
      'targets[0] (households).cost',
    ],
    [
      'a text for an importance',
      'targets.csv',
      '150,,',
      '150,high,',
      ['--form', 'bands', '--importance', 'importance'],
      'targets[0] (households).importance',
    ],
    [
      'a distance weight of zero',
      'households.csv',
      ',1,1,p0',
      ',0,1,p0',
      ['--form', 'bands', '--distance-weight', 'd'],
      'records (hh=h0).d',
    ],
    [
      'a missing q-weight',
      'households.csv',
      ',1,1,p0',
      ',1,,p0',
      ['--form', 'calibrate', '--q-weight', 'q'],
      'records[0] (hh=h0).q',
    ],
    [
      'a target of 0 without tolerance',
      'targets.csv',
      'TRUE,,150',
      'TRUE,,0',
      ['--form', 'bands'],
      'targets[0] (households)',
    ],
  ])('refuses %s by its row and column', async (_, file, from, to, options, place) => {
    const files = problem()
    expect(files[file]).toContain(from)
    const { code, stderr } = await run(options, { ...files, [file]: files[file]!.replace(from, to) })
    expect(code).toBe(2)
    expect(stderr).toContain(`error: ${place}`)
  })
})
