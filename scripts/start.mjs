// `npm start`: from a fresh clone to the main job: a national reweighting from CSV files to certified weights.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, root, run } from './process.mjs'
import { setup } from './setup.mjs'

const folder = join('out', 'national')
const published = JSON.parse(readFileSync(join(root, 'gold-star', 'national.json'), 'utf8'))

setup()
generateOnce()
reweight()
compareDigest()

/** Runs the command line; `accept` are the exit codes that are no failure of the script. */
function equipoise(label, args) {
  run(label, process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args])
}

/** The population is made once: the files are kept while they are the published ones. */
function generateOnce() {
  const isPublished = ({ file, sha256 }) => {
    const path = join(root, folder, file)
    return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === sha256
  }
  if (published.inputs.every(isPublished)) return
  const { records, targets, seed } = published.population
  equipoise('generating the population', [
    ...['generate', '--records', String(records), '--targets', String(targets)],
    ...['--seed', String(seed), '--format', 'csv', '--out', folder],
  ])
  const other = published.inputs.find((input) => !isPublished(input))
  if (other) fail(`${join(folder, other.file)} is not the published file: its SHA-256 differs`)
}

function reweight() {
  equipoise('reweighting', [
    ...['reweight', '--records', join(folder, 'records.csv'), '--id', 'id', '--weight', 'weight'],
    ...['--targets', join(folder, 'targets.csv'), '--penalty', String(published.penalty)],
    ...['--gold-star', join('gold-star', 'national-weights.parquet')],
    ...['--out', join(folder, 'weights.csv'), '--certificate', join(folder, 'certificate.json')],
    ...['--report', join(folder, 'report.html')],
  ])
}

function compareDigest() {
  const { digest } = JSON.parse(readFileSync(join(root, folder, 'certificate.json'), 'utf8'))
  if (digest !== published.digest) fail(`the digest is ${digest}, published is ${published.digest}`)
  process.stdout.write(
    `The digest is the published one, ${digest}: these are the same bits as on every machine.\n`,
  )
  process.stdout.write(`Open ${join(root, folder, 'report.html')} in a browser.\n`)
}
