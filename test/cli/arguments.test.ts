import { expect, it } from 'vitest'
import { parseBounds, parseChild, parseCount, parseNamedFile, parseNumber } from '../../ts/cli/arguments.js'

it('reads the name of a table before its file', () => {
  expect(parseNamedFile('households=data/a=b.csv')).toEqual({ name: 'households', files: ['data/a=b.csv'] })
  expect(parseNamedFile('data/households.csv')).toEqual({ name: undefined, files: ['data/households.csv'] })
  expect(parseNamedFile('./a=b.csv')).toEqual({ name: undefined, files: ['./a=b.csv'] })
})

it('reads the keys of a child table', () => {
  expect(parseChild('persons=p.csv:hhID')).toEqual({
    name: 'persons',
    files: ['p.csv'],
    childKey: 'hhID',
    recordKey: undefined,
  })
  expect(parseChild('C:\\data\\p.csv:hh=hhID')).toEqual({
    name: undefined,
    files: ['C:\\data\\p.csv'],
    childKey: 'hh',
    recordKey: 'hhID',
  })
})

it.each(['p.csv', ':hhID', 'p.csv:', 'p.csv:a=', 'p.csv:a=b=c', 'C:\\data\\p.csv'])(
  'refuses the child table %s',
  (text) => {
    expect(() => parseChild(text)).toThrow('childKey')
  },
)

it('reads numbers strictly', () => {
  expect(parseNumber('1e-2')).toBe(0.01)
  for (const text of ['', ' ', 'x', '1,5', 'NaN', 'Infinity'])
    expect(() => parseNumber(text)).toThrow('finite number')
  expect(parseCount('12')).toBe(12)
  for (const text of ['0', '-1', '1.5']) expect(() => parseCount(text)).toThrow('whole number')
  expect(parseBounds('0.1,10')).toEqual([0.1, 10])
  for (const text of ['0.1', '0.1,10,3', 'a,b', ',', '0,inf'])
    expect(() => parseBounds(text)).toThrow('Expected')
})
