// Makes gold-star/ anew: the published weights of the `npm start` problem and their digest. Run it only when the
// population or the meaning of the problem changes; a change of the solver must not change a bit.
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, run } from './process.mjs'
import { setup } from './setup.mjs'

const population = { records: 225256, targets: 634, seed: 1 }
const penalty = 1e-2
const folder = join(root, 'out', 'national')
const cli = (args) =>
  run(`equipoise ${args[0]}`, process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args])

setup()
cli([
  'generate',
  '--records',
  '225256',
  '--targets',
  '634',
  '--seed',
  '1',
  '--format',
  'csv',
  '--out',
  folder,
])
cli([
  ...['reweight', '--records', `${folder}/records.csv`, '--id', 'id', '--weight', 'weight'],
  ...['--targets', `${folder}/targets.csv`, '--penalty', String(penalty), '--quiet'],
  ...['--out', `${folder}/weights.csv`, '--certificate', `${folder}/certificate.json`],
])

const certificate = JSON.parse(readFileSync(`${folder}/certificate.json`, 'utf8'))
const inputs = ['records.csv', 'targets.csv'].map((file) => ({
  file,
  sha256: createHash('sha256')
    .update(readFileSync(`${folder}/${file}`))
    .digest('hex'),
}))
const { objective, distanceBound, boundBeforeRounding, digest } = certificate
const published = { population, penalty, inputs, objective, distanceBound, boundBeforeRounding, digest }
writeFileSync(join(root, 'gold-star', 'national.json'), `${JSON.stringify(published, null, 2)}\n`)

const weights = join(root, 'gold-star', 'national-weights.parquet')
rmSync(weights, { force: true })
const database = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
await database.run(
  `COPY (SELECT id, weight FROM read_csv('${folder}/weights.csv')) TO '${weights}' (FORMAT parquet, COMPRESSION zstd)`,
)
