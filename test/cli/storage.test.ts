import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder } from '../data/folder.js'
import { equipoise, smallArguments, smallProblem, withoutTiming } from './run.js'

it('--storage disk changes no figure of the certificate', async () => {
  const path = folder(smallProblem())
  for (const storage of ['memory', 'disk']) {
    const run = await equipoise(
      [
        'reweight',
        ...smallArguments,
        '--storage',
        storage,
        '--out',
        `${storage}.csv`,
        '--certificate',
        `${storage}.json`,
      ],
      { cwd: path('.') },
    )
    expect(run).toMatchObject({ code: 0 })
  }
  const read = (name: string) => withoutTiming(readFileSync(path(name), 'utf8'))
  expect(read('disk.json')).toBe(read('memory.json'))
  expect(read('disk.csv')).toBe(read('memory.csv'))
  const verified = await equipoise(
    ['verify', '--certificate', 'disk.json', '--weights', 'disk.csv', '--storage', 'disk'],
    { cwd: path('.') },
  )
  expect(verified.code).toBe(0)
})
