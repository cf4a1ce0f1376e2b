import { describe, expect, it } from 'vitest'
import { DisposedError, EquipoiseError, InputError, InternalError } from '../ts/errors.js'

describe('errors', () => {
  it('says where the input is wrong, what was expected and what was received', () => {
    const error = new InputError('not_finite', {
      path: 'targets[3].total',
      expected: 'a finite number',
      received: 'NaN',
    })
    expect(error.message).toBe('targets[3].total: expected a finite number, received NaN')
    expect(error).toMatchObject({
      name: 'InputError',
      code: 'not_finite',
      path: 'targets[3].total',
      expected: 'a finite number',
      received: 'NaN',
    })
  })

  it('gives every class its own name and one common base', () => {
    const errors = [
      new InputError('empty', { path: 'targets', expected: 'at least one target', received: 'none' }),
      new InternalError('the solver stopped unexpectedly'),
      new DisposedError('ReweightProblem'),
    ]
    expect(errors.map((error) => error.name)).toEqual(['InputError', 'InternalError', 'DisposedError'])
    for (const error of errors) {
      expect(error).toBeInstanceOf(EquipoiseError)
      expect(error.stack).toContain(error.message)
      expect(Object.keys(error)).not.toContain('name')
    }
  })

  it('keeps the cause, and has none where there is none', () => {
    const cause = { thrown: 'by the database' }
    expect(new InternalError('panic', { cause }).cause).toBe(cause)
    expect('cause' in new InternalError('panic')).toBe(false)
  })

  it('has no property for what is unknown', () => {
    expect(Object.keys(new DisposedError('ReweightProblem'))).toEqual(['code'])
  })
})
