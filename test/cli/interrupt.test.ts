import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder } from '../data/folder.js'
import { equipoise } from './run.js'

/** A solve that goes on for minutes if nobody stops it. */
const endless = [
  '--method',
  'lbfgsb',
  '--tolerance',
  '1e-300',
  '--max-iterations',
  '100000000',
  '--penalty',
  '1e-9',
]

async function population() {
  const at = folder()
  await equipoise(['generate', '--records', '20000', '--targets', '200', '--out', '.', '--quiet'], {
    cwd: at('.'),
  })
  return at
}

const files = ['--records', 'records.csv', '--id', 'id', '--weight', 'weight', '--targets', 'targets.csv']

it.runIf(process.platform !== 'win32')(
  'ends with the best weights and the status cancelled on Ctrl-C',
  async () => {
    const at = await population()
    let isSent = false
    const run = await equipoise(
      ['reweight', ...files, ...endless, '--out', 'weights.csv', '--certificate', 'certificate.json'],
      {
        cwd: at('.'),
        onStderr: (text, kill) => {
          if (!isSent && text.includes('iteration 2,')) kill('SIGINT')
          isSent ||= text.includes('iteration 2,')
        },
      },
    )
    expect(run).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('stopping: the best weights so far are written'),
    })
    expect(JSON.parse(readFileSync(at('certificate.json'), 'utf8')).status).toBe('cancelled')
    expect(readFileSync(at('weights.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(20_001)
  },
)

it.runIf(process.platform !== 'win32')(
  'stops at once and writes nothing on Ctrl-C while files are read',
  async () => {
    const at = await population()
    const before = readdirSync(at('.'))
    const run = await equipoise(['reweight', ...files, ...endless, '--out', 'weights.csv'], {
      cwd: at('.'),
      onStderr: (text, kill) => {
        if (text === 'reading files\n') kill('SIGINT')
      },
    })
    expect(run).toMatchObject({ code: 130, stdout: '' })
    expect(readdirSync(at('.'))).toEqual(before)
  },
)
