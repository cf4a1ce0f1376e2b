import { expect, it } from 'vitest'
import { figure } from '../../ts/cli/certificate.js'
import { significant, textTable } from '../../ts/cli/terminal.js'

it.each([
  [0, 6, '0'],
  [225256, 15, '225,256'],
  [2089664620000, 9, '2,089,664,620,000'],
  [0.00284449, 3, '0.00284'],
  [0.000284449, 3, '2.84e-4'],
  [-12.3456, 4, '-12.35'],
  [8.871e-16, 3, '8.87e-16'],
  [1e20, 3, '1.00e+20'],
  [null, 6, 'not finite'],
])('shows %d with %i digits as %s', (value, digits, text) => {
  expect(significant(value, digits)).toBe(text)
})

it('lines up a table, numbers to the right', () => {
  const table = textTable(
    ['name', 'total'],
    [
      ['a', '1'],
      ['longer', '100'],
    ],
  )
  expect(table.split('\n').map((line) => line.trimEnd())).toEqual([
    'name     total',
    'a            1',
    'longer     100',
  ])
})

it('writes what is no finite number as null', () => {
  expect([1.5, Number.NaN, Infinity, null, -0].map(figure)).toEqual([1.5, null, null, null, 0])
})
