import { expect, it, vi } from 'vitest'
import { Database } from '../../ts/data/database.js'

vi.mock('@duckdb/node-api', () => {
  throw new Error('Cannot find package')
})

it('says how to get the database if it is not installed', async () => {
  await expect(Database.open()).rejects.toMatchObject({
    name: 'EquipoiseError',
    code: 'missing_package',
    message: expect.stringContaining('npm install @duckdb/node-api'),
  })
})
