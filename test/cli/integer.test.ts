import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readWeightTable } from '../../ts/cli/weights-file.js'
import { folder } from '../data/folder.js'
import { equipoise, smallArguments, smallProblem } from './run.js'

const run = async (options: string[], at = folder(smallProblem())) => ({
  at,
  ...(await equipoise(['reweight', ...smallArguments, '--out', 'weights.csv', ...options], { cwd: at('.') })),
})

const table = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

describe('--integer-weights', () => {
  it('writes floors or ceilings of the weights, keeps the sum of each cell, and depends on the seed alone', async () => {
    const options = ['--integer-weights', 'copies.csv', '--integer-cells', 'kind', '--max-total-error', '0.1']
    const { at, code, stdout } = await run([...options, '--seed', '7'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Whole weights: \d+ rounded, sum .*every total is within the distance asked for/m)
    const copies = readFileSync(at('copies.csv'), 'utf8')
    expect(copies).toMatch(/^hh,weight\n/)
    const weights = table(readFileSync(at('weights.csv'), 'utf8'))
    const kinds = table(readFileSync(at('households.csv'), 'utf8')).map((row) => row[3]!)
    const sums = new Map<string, [number, number]>()
    table(copies).forEach(([id, copy], i) => {
      const weight = Number(weights[i]![1])
      expect(id).toBe(weights[i]![0])
      expect([Math.floor(weight), Math.ceil(weight)]).toContain(Number(copy))
      const [before, after] = sums.get(kinds[i]!) ?? [0, 0]
      sums.set(kinds[i]!, [before + weight, after + Number(copy)])
    })
    expect(sums.size).toBe(3)
    for (const [before, after] of sums.values()) expect(Math.abs(after - before)).toBeLessThan(1)

    await run([...options, '--seed', '7', '--threads', '1'], at)
    expect(readFileSync(at('copies.csv'), 'utf8')).toBe(copies)
    await run([...options, '--seed', '8'], at)
    expect(readFileSync(at('copies.csv'), 'utf8')).not.toBe(copies)
  })

  it('writes Parquet, and the same integers for the largest remainder whatever the seed', async () => {
    const options = ['--integer-method', 'largest_remainder', '--max-total-error', '1']
    const { at } = await run([...options, '--integer-weights', 'a.parquet', '--seed', '1'])
    await run([...options, '--integer-weights', 'b.csv', '--seed', '2'], at)
    const [a, b] = await Promise.all(
      ['a.parquet', 'b.csv'].map((file) =>
        readWeightTable(at(file), { path: file, id: 'hh', columns: ['weight'] }),
      ),
    )
    expect(a).toMatchObject({ ids: b!.ids, numbers: b!.numbers })
  })

  it('says where a total moves too far, and exits with 3', async () => {
    const { at, code, stdout } = await run(['--integer-weights', 'copies.csv', '--max-total-error', '1e-9'])
    expect(code).toBe(3)
    expect(stdout).toMatch(/totals are BEYOND the distance asked for\. The total .* moves by/)
    expect(existsSync(at('copies.csv'))).toBe(true)
  })

  it('writes none where no weights meet what was asked', async () => {
    const hard = [
      '--form',
      'bands',
      '--elastic',
      'hard',
      '--bounds',
      '0.99,1.01',
      '--band',
      '0',
      '--no-explain',
    ]
    const { at, code } = await run([...hard, '--integer-weights', 'copies.csv'])
    expect(code).toBe(5)
    expect(existsSync(at('copies.csv'))).toBe(false)
  })

  it.each([
    ['an option without a file', ['--seed', '1'], '--seed: expected --integer-weights FILE'],
    [
      'another kind of file',
      ['--integer-weights', 'copies.txt'],
      '--integer-weights: expected a file ending',
    ],
    [
      'the file of the weights',
      ['--integer-weights', 'weights.csv'],
      '--integer-weights: expected a file of its own',
    ],
    ['an unknown column', ['--integer-weights', 'c.csv', '--integer-cells', 'zone'], 'received zone'],
    ['a negative distance', ['--integer-weights', 'c.csv', '--max-total-error', '-1'], '--max-total-error'],
    ['a seed that is no whole number', ['--integer-weights', 'c.csv', '--seed', '1.5'], '--seed'],
  ])('refuses %s', async (_, options, text) => {
    const { at, code, stderr } = await run(options)
    expect(code).toBe(2)
    expect(stderr).toContain(text)
    expect(existsSync(at('weights.csv'))).toBe(false)
  })
})

describe('identical records', () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i},2,${i % 3},${i % 2}\n`).join('')
  const files = {
    'records.csv': `id,w,size,kind\n${rows}`,
    'targets.csv': 'name,table,predicate,value,total\nall,records,TRUE,,130\nlarge,records,size > 1,,40\n',
  }
  const data = ['--records', 'records.csv', '--id', 'id', '--weight', 'w', '--targets', 'targets.csv']

  it.each(['penalty', 'bands', 'calibrate'])('are solved as one unless told otherwise: %s', async (form) => {
    const at = folder(files)
    const found = []
    for (const options of [[], ['--no-grouping']]) {
      const outputs = ['--out', 'weights.csv', '--certificate', 'certificate.json', '--report', 'report.html']
      const args = ['reweight', ...data, '--form', form, ...outputs, ...options]
      expect(await equipoise(args, { cwd: at('.') })).toMatchObject({ code: 0 })
      const certificate = JSON.parse(readFileSync(at('certificate.json'), 'utf8'))
      const page = readFileSync(at('report.html'), 'utf8')
      expect(page.includes('groups of identical records')).toBe(options.length === 0)
      found.push([
        readFileSync(at('weights.csv'), 'utf8'),
        certificate.numGroups,
        certificate.options.groupIdentical,
      ])
    }
    const [grouped, alone] = found
    expect(grouped!.slice(1)).toEqual([2, true])
    expect(alone).toEqual([grouped![0], 60, false])
  })
})
