import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readProblem } from '../../ts/data/problem.js'
import { generateNational } from '../../ts/index.js'
import { folder } from '../data/folder.js'
import { equipoise } from './run.js'

const small = ['generate', '--records', '2000', '--targets', '40', '--seed', '7', '--quiet']

it('writes files whose predicates give the matrix of the generator', async () => {
  const at = folder()
  expect(await equipoise([...small, '--out', 'new/national'], { cwd: at('.') })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect(readdirSync(at('new/national')).sort()).toEqual(['README.md', 'records.csv', 'targets.csv'])
  const problem = await readProblem({
    records: { files: [at('new/national/records.csv')] },
    id: 'id',
    weight: 'weight',
    targets: [at('new/national/targets.csv')],
  })
  const population = generateNational({ records: 2000, targets: 40, seed: 7 })
  expect(problem.matrix).toEqual(population.matrix)
  expect(problem.records.designWeights).toEqual(Float64Array.from(population.columns.weight!))
  expect(problem.targets.map(({ name, total }) => [name, total])).toEqual(
    population.targets.map(({ name, total }) => [name, total]),
  )
})

it('writes the same problem as Parquet, and the same bytes for the same seed', async () => {
  const at = folder()
  for (const [out, ...options] of [
    ['a'],
    ['b'],
    ['other', '--seed', '8'],
    ['parquet', '--format', 'parquet'],
  ]) {
    await equipoise([...small, ...options, '--out', out!], { cwd: at('.') })
  }
  const text = (file: string) => readFileSync(at(file), 'utf8')
  for (const file of ['records.csv', 'targets.csv']) expect(text(`b/${file}`)).toBe(text(`a/${file}`))
  expect(text('other/records.csv')).not.toBe(text('a/records.csv'))
  const options = { id: 'id', weight: 'weight', targets: [at('a/targets.csv')] }
  const fromCsv = await readProblem({ ...options, records: { files: [at('a/records.csv')] } })
  const fromParquet = await readProblem({ ...options, records: { files: [at('parquet/records.parquet')] } })
  expect({ ...fromParquet, files: [] }).toEqual({ ...fromCsv, files: [] })
})

it('refuses what it cannot generate, and writes nothing', async () => {
  const at = folder()
  for (const options of [
    ['--records', '0'],
    ['--targets', '100000'],
    ['--seed', 'x'],
    ['--format', 'xlsx'],
  ]) {
    const run = await equipoise([...small, '--out', 'national', ...options], { cwd: at('.') })
    expect(run).toMatchObject({ code: 2, stdout: '' })
  }
  expect(readdirSync(at('.'))).toEqual([])
})
