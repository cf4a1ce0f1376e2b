import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readProblem } from '../../ts/data/problem.js'
import { folder } from '../data/folder.js'
import { entries } from '../data/matrix-text.js'
import { equipoise, smallArguments, smallProblem } from './run.js'

it('gives the same weights from predicates, from the matrix by positions and from the matrix by ids, and verifies each', async () => {
  const files = smallProblem()
  const at = folder(files)
  const problem = await readProblem({
    records: { files: [at('households.csv')] },
    children: [{ files: [at('persons.csv')], childKey: 'hh' }],
    id: 'hh',
    weight: 'w',
    targets: [at('targets.csv')],
  })
  const byPosition = entries(problem).toReversed()
  const byId = byPosition.map((entry) => {
    const [record, target, value] = entry.split(',').map(Number)
    return `${problem.records.ids[record!]},${problem.targets[target!]!.name},${value}`
  })
  const totals = problem.targets.map(({ name, total }) => `${name},${total}\n`)
  const other = folder({
    'households.csv': files['households.csv']!,
    'targets.csv': `name,total\n${totals.join('')}`,
    'positions.csv': `record,target,value\n${byPosition.join('\n')}\n`,
    'ids.csv': `record,target,value\n${byId.join('\n')}\n`,
  })
  const outputs = ['--out', 'weights.csv', '--certificate', 'certificate.json', '--quiet']
  const data = ['--records', 'households.csv', '--id', 'hh', '--weight', 'w', '--targets', 'targets.csv']
  await equipoise(['reweight', ...smallArguments, ...outputs], { cwd: at('.') })
  const weights = readFileSync(at('weights.csv'), 'utf8')
  for (const matrix of [['positions.csv'], ['ids.csv', '--matrix-index', 'id']]) {
    const run = await equipoise(['reweight', ...data, ...outputs, '--matrix', ...matrix], { cwd: other('.') })
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(readFileSync(other('weights.csv'), 'utf8')).toBe(weights)
    const verify = ['verify', '--certificate', 'certificate.json', '--weights', 'weights.csv', '--quiet']
    expect(await equipoise(verify, { cwd: other('.') })).toEqual({ code: 0, stdout: '', stderr: '' })
  }
})

it('names the row of an entry that is out of range', async () => {
  const at = folder({
    'records.csv': 'id,w\n1,1\n2,1\n',
    'targets.csv': 'name,total\na,5\n',
    'matrix.csv': 'record,target,value\n0,0,1\n2,0,1\n',
  })
  const data = ['--records', 'records.csv', '--id', 'id', '--weight', 'w', '--targets', 'targets.csv']
  const run = await equipoise(['reweight', ...data, '--matrix', 'matrix.csv'], { cwd: at('.') })
  expect(run).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('matrix[1].record: expected a whole number from 0 to 1'),
  })
})
