import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'

const isLong = process.env.EQUIPOISE_LONG_TESTS === '1'
const hour = 3_600_000
const limitMiB = 4096

const bench = resolve(import.meta.dirname, '../../bench/memory')
const command = resolve(import.meta.dirname, '../../dist/cli/main.js')
const run = promisify(execFile)

interface Row {
  nonzeros: number
  peakMiB: number
  solves: { form: string; status: string; digest: string }[]
}

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'equipoise-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A problem of which no value is 0, through `fromChunks` in a process of its own. */
async function dense(records: number, storage: 'memory' | { folder: string }): Promise<Row> {
  const given = { records, targets: 100, density: 1, storage, forms: ['penalty', 'bands'] }
  const { stdout } = await run(process.execPath, [join(bench, 'facade.mjs'), JSON.stringify(given)])
  const row = JSON.parse(stdout) as Row
  expect(row.nonzeros).toBe(100 * records)
  expect(row.solves.map(({ status }) => status)).toEqual(['converged', 'converged'])
  return row
}

// Elsewhere the system counts what is mapped in other ways.
describe.runIf(process.platform === 'linux')('peak memory', () => {
  it('does not hold a matrix that is on disk', { timeout: hour }, async () => {
    const inMemory = await dense(200_000, 'memory')
    const onDisk = await dense(200_000, { folder: scratch() })
    const matrixMiB = (24 * inMemory.nonzeros) / 2 ** 20
    expect(onDisk.peakMiB).toBeLessThan(inMemory.peakMiB - matrixMiB / 2)
    const digests = ({ solves }: Row) => solves.map(({ digest }) => digest)
    expect(digests(onDisk)).toEqual(digests(inMemory))
  })

  it.runIf(isLong)(
    'of 5 million records with 100 values each is below 4 GiB',
    { timeout: hour },
    async () => {
      const row = await dense(5_000_000, { folder: scratch() })
      expect(row.peakMiB).toBeLessThan(limitMiB)
    },
  )

  it.runIf(isLong)(
    'of the command line on a Parquet file of 5 million records and 100 targets is too',
    {
      timeout: hour,
    },
    async () => {
      const folder = scratch()
      const generate = ['--records', '5000000', '--targets', '100', '--format', 'parquet', '--out', folder]
      await run(process.execPath, [command, 'generate', ...generate])
      const certificates: string[] = []
      for (const storage of ['memory', 'disk']) {
        const [peak, certificate] = [join(folder, 'peak'), join(folder, `${storage}.json`)]
        const input = ['--records', join(folder, 'records.parquet'), '--id', 'id', '--weight', 'weight']
        const output = ['--out', join(folder, `${storage}.parquet`), '--certificate', certificate]
        const targets = ['--targets', join(folder, 'targets.csv')]
        await run(
          process.execPath,
          [
            ...['--import', join(bench, 'report-peak.mjs'), command, 'reweight'],
            ...[...input, ...targets, ...output, '--storage', storage],
          ],
          { env: { ...process.env, EQUIPOISE_PEAK: peak } },
        )
        expect(Number(readFileSync(peak, 'utf8'))).toBeLessThan(limitMiB)
        const { status, digest, distanceBound } = JSON.parse(readFileSync(certificate, 'utf8'))
        expect(status).toBe('converged')
        certificates.push(JSON.stringify({ digest, distanceBound }))
      }
      expect(certificates[1]).toBe(certificates[0])
    },
  )
})
