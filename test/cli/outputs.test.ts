import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Outputs, writeText } from '../../ts/cli/outputs.js'
import { folder } from '../data/folder.js'

const write = (text: string) => (temporary: string) => writeText(temporary, [text])

it('gives no file its name before all are written', async () => {
  const at = folder({ 'b.csv': 'old' })
  const outputs = await Outputs.prepare({ '--out': at('a.csv'), '--report': at('b.csv') })
  await outputs.add(at('a.csv'), write('new a'))
  await outputs.add(at('b.csv'), write('new b'))
  expect(readFileSync(at('b.csv'), 'utf8')).toBe('old')
  expect(readdirSync(at('.'))).not.toContain('a.csv')
  await outputs.commit()
  expect(readFileSync(at('a.csv'), 'utf8')).toBe('new a')
  expect(readFileSync(at('b.csv'), 'utf8')).toBe('new b')
  expect(readdirSync(at('.')).sort()).toEqual(['a.csv', 'b.csv'])
})

it('leaves nothing behind when a write fails', async () => {
  const at = folder({ 'b.csv': 'old' })
  const outputs = await Outputs.prepare({ '--out': at('a.csv'), '--report': at('b.csv') })
  await outputs.add(at('a.csv'), write('new a'))
  const failing = outputs.add(at('b.csv'), async (temporary) => {
    await writeText(temporary, ['half'])
    throw new Error('disk full')
  })
  await expect(failing).rejects.toThrow('disk full')
  outputs.discard()
  expect(readdirSync(at('.'))).toEqual(['b.csv'])
  expect(readFileSync(at('b.csv'), 'utf8')).toBe('old')
})

it('replaces the file behind a link, and keeps the link', async () => {
  const at = folder({ 'real/a.csv': 'old' })
  symlinkSync(at('real/a.csv'), at('link.csv'))
  const outputs = await Outputs.prepare({ '--out': at('link.csv') })
  await outputs.add(at('link.csv'), write('new'))
  await outputs.commit()
  expect(readFileSync(at('real/a.csv'), 'utf8')).toBe('new')
  expect(readdirSync(at('.')).sort()).toEqual(['link.csv', 'real'])
})

it('refuses at once what could not be written at the end', async () => {
  const at = folder({ 'a.csv': '' })
  mkdirSync(at('sub'))
  writeFileSync(at('sub/x'), '')
  await expect(Outputs.prepare({ '--out': at('nowhere/a.csv') })).rejects.toMatchObject({
    code: 'file',
    path: '--out',
  })
  await expect(Outputs.prepare({ '--report': at('sub') })).rejects.toMatchObject({
    code: 'file',
    path: '--report',
  })
  const twice = Outputs.prepare({ '--out': at('a.csv'), '--report': at('sub/../a.csv') })
  await expect(twice).rejects.toMatchObject({ code: 'not_unique', path: '--report' })
})
