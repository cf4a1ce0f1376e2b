// Runs one case in a process of its own and returns its row.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, root } from '../../scripts/process.mjs'
import { surveyTargets } from './survey.mjs'

const here = import.meta.dirname
const command = join(root, 'dist/cli/main.js')

export async function measure(one, scratch) {
  return one.series.startsWith('facade') ? throughFacade(one, scratch) : throughCommand(one, scratch)
}

function throughFacade({ records, targets, density, storage }, scratch) {
  const given = {
    ...{ records, targets, density },
    storage: storage === 'disk' ? { folder: scratch } : storage,
    forms: ['penalty', 'bands'],
  }
  return JSON.parse(node([join(here, 'facade.mjs'), JSON.stringify(given)]))
}

async function throughCommand(one, scratch) {
  const data = one.density === 1 ? await denseTables(one, scratch) : nationalTables(one, scratch)
  const certificate = join(scratch, 'certificate.json')
  const peak = join(scratch, 'peak')
  const preload = ['--import', join(here, 'report-peak.mjs')]
  const input = ['--records', join(data, 'records.parquet'), '--id', 'id', '--weight', 'weight']
  const output = ['--out', join(scratch, 'weights.parquet'), '--certificate', certificate, '--quiet']
  node(
    [
      ...[...preload, command, 'reweight', ...input, '--targets', join(data, 'targets.csv')],
      ...['--storage', one.storage, ...output],
    ],
    { EQUIPOISE_PEAK: peak, TMPDIR: scratch },
  )
  const { inputs, timing, status, distanceBound, digest, iterations } = JSON.parse(
    readFileSync(certificate, 'utf8'),
  )
  return {
    nonzeros: inputs.numNonzeros,
    readSeconds: timing.readSeconds,
    solves: [{ form: 'penalty', seconds: timing.solveSeconds, status, distanceBound, digest, iterations }],
    peakMiB: Number(readFileSync(peak, 'utf8')),
  }
}

function node(args, env = {}) {
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  if (result.status === 0) return result.stdout
  fail(`node ${args.join(' ')}: exit ${result.status ?? result.signal}\n${result.stderr}`)
}

/** The generator's population as Parquet, made once. */
function nationalTables({ records, targets }, scratch) {
  const folder = join(scratch, `national-${records}-${targets}`)
  if (!existsSync(folder)) {
    const size = ['--records', String(records), '--targets', String(targets)]
    node([command, 'generate', ...size, '--format', 'parquet', '--out', `${folder}.part`, '--quiet'])
    renameSync(`${folder}.part`, folder)
  }
  return folder
}

/** Records with k columns of random whole numbers from 1 to 1000, each of which is a target's. */
async function denseTables(one, scratch) {
  const folder = join(scratch, `dense-${one.records}-${one.targets}`)
  if (existsSync(folder)) return folder
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const making = `${folder}.part`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  const columns = surveyTargets(one).map(({ name }, j) => `(1 + hash(i, ${j}) % 1000)::DOUBLE AS ${name}`)
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GiB', temp_directory: making })
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT i AS id, 1 + (hash(i) % 1000) / 1000 AS weight, ${columns.join(', ')}
     FROM range(${one.records}) t(i)) TO '${join(making, 'records.parquet')}' (FORMAT parquet)`,
  )
  connection.closeSync()
  instance.closeSync()
  const lines = surveyTargets(one).map(({ name, total }) => `${name},records,TRUE,${name},${total}\n`)
  writeFileSync(join(making, 'targets.csv'), `name,table,predicate,value,total\n${lines.join('')}`)
  renameSync(making, folder)
  return folder
}
