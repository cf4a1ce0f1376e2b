import { describe, expect, it } from 'vitest'
import { Database } from '../../ts/data/database.js'
import { ExpressionError, parseExpression } from '../../ts/populationsim/expression.js'
import { type SeedTable, translate } from '../../ts/populationsim/sql.js'

const persons: SeedTable = {
  name: 'persons',
  columns: new Map([
    ['PAge', { name: 'PAge', type: 'number' }],
    ['PComm', { name: 'PComm', type: 'text' }],
    ['isHead', { name: 'head of household', type: 'boolean' }],
    ['hh_id', { name: 'hhID', type: 'number' }],
    ['order', { name: 'order', type: 'number' }],
  ]),
  reservedWords: new Set(['order']),
}

const predicate = (source: string) => translate(source, persons).predicate

/** The seven rows over which translations are counted; row numbers from 0. */
const rows = `(VALUES (1, 'auto', true, 1, 5), (5, 'bus', false, 1, 4), (6, NULL, NULL, 2, 3), (NULL, 'auto', true, 2, 2),
  (NULL, NULL, false, 3, 1), (10, 'other', NULL, 3, 0), (18, '', true, 4, -1))
  AS persons(PAge, PComm, "head of household", hhID, "order")`

async function rowsOf(source: string): Promise<number[]> {
  const database = await Database.open()
  try {
    const sql = `SELECT row_number() OVER () - 1 AS number, ${predicate(source)} AS holds FROM ${rows}`
    const found = await database.rows(`SELECT number FROM (${sql}) WHERE holds ORDER BY number`)
    return found.map((row) => Number(row.number))
  } finally {
    await database.close()
  }
}

describe('translate', () => {
  it.each([
    ['persons.PAge == 1', 'PAge = 1'],
    ['(persons.PAge >= 5) & (persons.PAge <= 6)', 'PAge >= 5 AND PAge <= 6'],
    ['(persons.PAge == 1) | (persons.PAge == 2) & (persons.PAge == 3)', 'PAge = 1 OR PAge = 2 AND PAge = 3'],
    [
      '((persons.PAge == 1) | (persons.PAge == 2)) & (persons.PAge == 3)',
      '(PAge = 1 OR PAge = 2) AND PAge = 3',
    ],
    ['(persons.PAge > 0) & (persons.PAge < np.inf)', `PAge > 0 AND PAge < 'infinity'::DOUBLE`],
    ['persons.PAge > -999', 'PAge > -999'],
    [`persons.PComm == 'it\\'s'`, `PComm = 'it''s'`],
    ['persons.PComm.isna()', 'PComm IS NULL'],
    ['np.isnan(persons.PAge)', 'PAge IS NULL'],
    ['~np.isnan(persons.PAge)', 'NOT (PAge IS NULL)'],
    ['persons.PAge.isin([1, 2, 3])', 'PAge IN (1, 2, 3)'],
    ['persons.PAge.isin(range(1, 4))', 'PAge IN (1, 2, 3)'],
    [`persons.PComm.isin(['auto', np.nan])`, `PComm IN ('auto') OR PComm IS NULL`],
    ['persons.PAge.between(5, 6)', 'PAge >= 5 AND PAge <= 6'],
    [`persons.PAge.between(5, 6, inclusive='left')`, 'PAge >= 5 AND PAge < 6'],
    [`persons['hh_id'] >= 1`, 'hhID >= 1'],
    ['persons.order > 1', '"order" > 1'],
    ['persons.isHead', '"head of household"'],
    ['persons.PAge - (persons.order - 1) * 2 > 3', 'PAge - ("order" - 1) * 2 > 3'],
    [`persons.PComm.str.startswith('a')`, `starts_with(PComm, 'a')`],
    ['persons.PAge != 5', 'PAge IS DISTINCT FROM 5'],
    ['persons.PAge.fillna(0) < 5', 'coalesce(PAge, 0) < 5'],
  ])('%s', (source, sql) => {
    expect(translate(source, persons)).toEqual({ predicate: sql, value: null })
  })

  it.each([
    ['persons.PAge', 'PAge'],
    ['(persons.PAge >= 5) * persons.order', 'CAST(coalesce(PAge >= 5, FALSE) AS INTEGER) * "order"'],
    ['(persons.PAge >= 5).astype(int)', 'CAST(coalesce(PAge >= 5, FALSE) AS INTEGER)'],
    ['np.where(persons.PAge >= 5, 2, persons.order + 1)', 'CASE WHEN PAge >= 5 THEN 2 ELSE "order" + 1 END'],
  ])('takes %s for what is added up', (source, value) => {
    expect(translate(source, persons)).toEqual({ predicate: 'TRUE', value })
  })

  // What pandas 2.2 gives for these columns, worked out by hand: a comparison with a missing value is False, its negation True.
  it.each([
    ['persons.PAge > 5', [2, 5, 6]],
    ['~(persons.PAge > 5)', [0, 1, 3, 4]],
    ['persons.PAge != 5', [0, 2, 3, 4, 5, 6]],
    [`persons.PComm != 'auto'`, [1, 2, 4, 5, 6]],
    [`~persons.PComm.isin(['auto', 'bus'])`, [2, 4, 5, 6]],
    [`~((persons.PAge > 5) & (persons.PComm == 'other'))`, [0, 1, 2, 3, 4, 6]],
    ['persons.PAge != persons.order', [0, 1, 2, 3, 4, 5, 6]],
    ['~persons.isHead.fillna(False)', [1, 2, 4, 5]],
    ['(persons.PAge == 1) ^ (persons.hh_id == 1)', [1]],
    ['~persons.PAge.between(1, 6)', [3, 4, 5, 6]],
    ['persons.PAge.notna() & persons.PComm.isnull()', [2]],
  ])('counts the rows that pandas counts: %s', async (source, expected) => {
    expect(await rowsOf(source)).toEqual(expected)
  })

  it.each([
    ['persons.PAge == 1 & persons.order == 2', 'one comparison', '=='],
    ['1 < persons.PAge < 5', 'one comparison', '<'],
    ['(persons.PAge > 1) and (persons.PAge < 5)', '& between conditions', 'and'],
    ['not persons.isHead', '~ before a condition', 'not'],
    ['persons.Age == 1', 'one of the columns PAge, PComm, isHead, hh_id, order', 'Age'],
    ['households.HHSize == 1', `the control's own table persons`, 'households'],
    [`persons.PAge == '1'`, 'two values of one kind', 'a number compared with a text'],
    ['persons.PComm == 1', 'two values of one kind', 'a text compared with a number'],
    ['persons.PAge == None', '.isna()', 'None'],
    ['persons.PAge == np.nan', '.isna()', 'np.nan'],
    ['persons.PAge % 2 == 0', 'comparisons, & | ~', 'the operator %'],
    ['persons.PAge.apply(f)', 'comparisons, & | ~', '.apply()'],
    ['(persons.PAge > 1) + (persons.PAge < 5)', '& or | between conditions', '+'],
    ['persons.PAge / persons.order > 1', 'a division by a number other than 0', ''],
    ['persons.PAge | persons.order', 'a condition', 'a number'],
    ['persons.PAge ==', 'a column, a number or a text', 'the end'],
    ['(persons.PAge == 1', '`,`', 'the end'],
    ['persons.PAge == 1;', 'a Python expression', ';'],
    ['persons.PComm', 'a condition or a number', 'a text'],
    [`persons.PComm == 'a\\q'`, 'a text without such an escape', '\\q'],
    ['persons.PAge.between(1)', '.between(lower, upper', 'other arguments'],
  ])('refuses %s', (source, expected, received) => {
    let error: unknown
    try {
      translate(source, persons)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(ExpressionError)
    expect((error as ExpressionError).expected).toContain(expected)
    expect((error as ExpressionError).received).toContain(received)
  })

  it('says where', () => {
    expect(() => parseExpression('persons.PAge == 1 $ 2')).toThrow(expect.objectContaining({ at: 18 }))
  })
})
