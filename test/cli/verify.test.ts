import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder } from '../data/folder.js'
import { equipoise, smallArguments, smallProblem } from './run.js'

const verify = ['verify', '--certificate', 'certificate.json', '--weights', 'weights.csv']

async function solved(options: string[] = [], files = smallProblem()) {
  const at = folder(files)
  const outputs = ['--out', 'weights.csv', '--certificate', 'certificate.json', '--quiet']
  await equipoise(['reweight', ...smallArguments, ...outputs, ...options], { cwd: at('.') })
  return at
}

function edit(file: string, change: (text: string) => string) {
  const text = readFileSync(file, 'utf8')
  const changed = change(text)
  expect(changed).not.toBe(text)
  writeFileSync(file, changed)
}

it('confirms a certificate from the files alone, all options taken from it', async () => {
  const at = await solved(['--penalty', '1e-4', '--bounds', '0.5,4'])
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Confirmed\. The files give the same \d+ figures/),
  })
})

it('finds the files where the options say they are', async () => {
  const at = await solved()
  const elsewhere = folder()
  for (const file of ['households.csv', 'persons.csv', 'targets.csv']) renameSync(at(file), elsewhere(file))
  expect(await equipoise(verify, { cwd: at('.') })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--records: expected the certificate's file households.csv"),
  })
  const given = [
    '--records',
    elsewhere('households.csv'),
    '--child',
    `${elsewhere('persons.csv')}:hh`,
    '--targets',
    elsewhere('targets.csv'),
  ]
  expect(await equipoise([...verify, ...given], { cwd: at('.') })).toMatchObject({ code: 0 })
})

it('finds a multiplier that was changed in its last digit', async () => {
  const at = await solved()
  edit(at('weights.csv'), (text) =>
    text.replace(
      /^(h5),([^,]+),(.+)$/m,
      (_, id, weight, multiplier) => `${id},${weight},${Number(multiplier) * (1 + 2 ** -52)}`,
    ),
  )
  const run = await equipoise([...verify, '--json'], { cwd: at('.') })
  expect(run.code).toBe(3)
  const { confirmed, differences } = JSON.parse(run.stdout)
  expect(confirmed).toBe(false)
  expect(differences.map(({ figure }: { figure: string }) => figure)).toContain('digest')
})

it('finds a weight that is not the design weight times the multiplier', async () => {
  const at = await solved()
  edit(at('weights.csv'), (text) =>
    text.replace(/^(h5),([^,]+)/m, (_, id, weight) => `${id},${Number(weight) * 2}`),
  )
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run).toMatchObject({ code: 3, stdout: expect.stringContaining('NOT CONFIRMED: 1 of') })
})

it('finds a changed input file and a changed figure', async () => {
  const at = await solved()
  edit(at('targets.csv'), (text) => text.replace('TRUE,,150', 'TRUE,,151'))
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run.code).toBe(3)
  expect(run.stdout).toContain('targets targets.csv: sha256')
  expect(run.stdout).toContain('targets[0] (households).target')

  const other = await solved()
  edit(other('certificate.json'), (text) => text.replace(/"dualityGap": [^,]+/, '"dualityGap": 0.5'))
  expect(await equipoise(verify, { cwd: other('.') })).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('dualityGap'),
  })
})

it('does not confirm the certificate of a run that did not converge', async () => {
  const at = await solved(['--method', 'lbfgsb', '--max-iterations', '1'])
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run).toMatchObject({ code: 3, stdout: expect.stringMatching(/^NOT CERTIFIED \(iteration_limit\)/) })
})

it('follows the selection of records and targets that the certificate states', async () => {
  const files = smallProblem()
  const at = await solved(['--drop-nonpositive', '--drop-impossible', '--targets-where', "name <> 'large'"], {
    ...files,
    'households.csv': `${files['households.csv']}h60,-1,1,1\n`,
    'targets.csv': `${files['targets.csv']}nobody,persons,age > 200,,10\n`,
  })
  expect(await equipoise(verify, { cwd: at('.') })).toMatchObject({ code: 0 })
})

it.each([
  ['no JSON', 'certificate', /--certificate: expected a JSON object/],
  ['another document', '{"schema": "other/1"}', /schema: expected equipoise\/reweight-certificate\/1/],
])('refuses %s', async (_, content, message) => {
  const at = folder({ 'certificate.json': content, 'weights.csv': 'id,weight,multiplier\n' })
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run.code).toBe(2)
  expect(run.stderr).toMatch(message)
})
