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

const forms: [name: string, options: string[]][] = [
  ['bands', ['--form', 'bands', '--band', '0.5%', '--band-override', 'm*=1%@1e5', '--bounds', '0.5,4']],
  ['hard bands', ['--form', 'bands', '--elastic', 'hard', '--band', '1%']],
  ['bands by importance', ['--form', 'bands', '--band', '0', '--elastic', '50', '--importance', 'rank']],
  [
    'bands by rank',
    [
      '--form',
      'bands',
      '--band',
      '1%',
      '--importance',
      'rank',
      '--importance-as',
      'rank',
      '--bounds',
      '0.8,1.5',
    ],
  ],
  ['raking', ['--form', 'calibrate', '--distance', 'raking', '--cost', 'rank']],
  ['logit calibration', ['--form', 'calibrate', '--distance', 'logit', '--bounds', '0.2,5']],
  ['sinh', ['--form', 'calibrate', '--distance', 'sinh', '--alpha', '0.5', '--q-weight', 'size']],
]

/** The small problem with a column of numbers for its targets. */
function ranked() {
  const files = smallProblem()
  const lines = files['targets.csv']!.trimEnd().split('\n')
  const targets = lines.map((line, i) => `${line},${i === 0 ? 'rank' : ['', 3, 0.5, ''][i - 1]}\n`)
  return { ...files, 'targets.csv': targets.join('') }
}

it.each(forms)('confirms the certificate of %s, and finds what was changed in it', async (_, options) => {
  const at = await solved(options, ranked())
  const run = await equipoise(verify, { cwd: at('.') })
  expect(run).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Confirmed\. The files give the same \d+ figures; every multiplier/),
  })
  edit(at('certificate.json'), (text) => text.replace(/"objective": [^,]+/, '"objective": 0.5'))
  const changed = await equipoise([...verify, '--json'], { cwd: at('.') })
  expect(changed.code).toBe(3)
  const names = JSON.parse(changed.stdout).differences.map(({ figure }: { figure: string }) => figure)
  expect(names).toEqual(['objective'])
  edit(at('weights.csv'), (text) =>
    text.replace(
      /^(h5),([^,]+),(.+)$/m,
      (_, id, weight, m) => `${id},${weight},${Number(m) * (1 + 2 ** -52)}`,
    ),
  )
  const run3 = await equipoise([...verify, '--json'], { cwd: at('.') })
  expect(run3.code).toBe(3)
  expect(run3.stdout).toContain('"digest"')
})

it.each([
  ['bands', ['--form', 'bands', '--elastic', 'hard', '--bounds', '0.9,1.1']],
  ['a calibration', ['--form', 'calibrate', '--distance', 'logit', '--bounds', '0.9,1.1']],
])('confirms the proof that no weights meet %s, without weights', async (_, options) => {
  const at = await solved(options)
  const proof = ['verify', '--certificate', 'certificate.json']
  expect(await equipoise(proof, { cwd: at('.') })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Confirmed\. .* it is proven that no weights meet what was asked\.$/m),
  })
  // With the bounds apart the same direction proves nothing.
  edit(at('certificate.json'), (text) => text.replace(/0\.9,\s+1\.1/, '0.01, 100'))
  const run = await equipoise(proof, { cwd: at('.') })
  expect(run).toMatchObject({ code: 3, stdout: expect.stringContaining('margin') })
})

it('asks for the weights of an answer', async () => {
  const at = await solved()
  const run = await equipoise(['verify', '--certificate', 'certificate.json'], { cwd: at('.') })
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('--weights: expected the weights') })
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
