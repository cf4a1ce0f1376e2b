import { describe, expect, it } from 'vitest'
import { InputError, type MinimizeOptions, minimize, minimizeSync } from '../../ts/index.js'
import { thrownValues } from '../objective/probing.js'
import { hs71, hs71Options } from './problems.js'

const f = (x: Float64Array) => x.reduce((sum, v) => sum + v * v, 0)
const two = [1, 1]

const wrong: [string, ArrayLike<number>, MinimizeOptions, string, string][] = [
  ['no variables', [], {}, 'empty', 'x0'],
  ['a NaN start', [1, Number.NaN], {}, 'not_finite', 'x0[1]'],
  ['a start of texts', ['1'] as never, {}, 'wrong_type', 'x0[0]'],
  ['too few bounds', two, { bounds: [[0, 1]] }, 'dimension', 'bounds'],
  [
    'a NaN bound',
    two,
    {
      bounds: [
        [0, 1],
        [Number.NaN, 1],
      ],
    },
    'not_finite',
    'bounds[1][0]',
  ],
  [
    'crossed bounds',
    two,
    {
      bounds: [
        [0, 1],
        [2, 1],
      ],
    },
    'out_of_range',
    'bounds[1][0]',
  ],
  ['crossed sides', two, { bounds: { lb: [0, 2], ub: 1 } }, 'out_of_range', 'bounds.lb[1]'],
  ['a bound that is no pair', two, { bounds: [[0, 1], 3] as never }, 'wrong_type', 'bounds[1]'],
  ['no constraint', two, { constraints: [3] as never }, 'wrong_type', 'constraints[0]'],
  [
    'an unknown type',
    two,
    { constraints: [{ type: 'le', fun: f }] as never },
    'wrong_type',
    'constraints[0].type',
  ],
  ['no function', two, { constraints: [{ type: 'eq' }] as never }, 'wrong_type', 'constraints[0].fun'],
  [
    'an unknown part',
    two,
    { constraints: { type: 'eq', fun: f, args: [] } as never },
    'unknown_option',
    'constraints.args',
  ],
  ['a short row', two, { constraints: [{ A: [[1, 1], [1]], lb: 0 }] }, 'dimension', 'constraints[0].A[1]'],
  [
    'a NaN matrix',
    two,
    { constraints: [{ A: [[1, Number.NaN]], lb: 0 }] },
    'not_finite',
    'constraints[0].A[0][1]',
  ],
  [
    'too many bounds of rows',
    two,
    { constraints: [{ A: [1, 1], lb: [0, 0] }] },
    'dimension',
    'constraints[0].lb',
  ],
  [
    'crossed bounds of a row',
    two,
    {
      constraints: [
        { A: [1, 1], lb: 0 },
        { fun: () => [1, 2], lb: [0, 5], ub: [1, 4] },
      ],
    },
    'out_of_range',
    'constraints[1].lb[1]',
  ],
  [
    'a NaN bound of a row',
    two,
    { constraints: { A: [1, 1], ub: Number.NaN } },
    'not_finite',
    'constraints.ub',
  ],
  ['an unknown option', two, { maxiter: 5 } as never, 'unknown_option', 'options.maxiter'],
  ['an unknown solver option', two, { options: { maxiter: 5 } }, 'unknown_option', 'options.maxiter'],
  [
    'an option of a wrong kind',
    two,
    { options: { maxSteps: '5' as never } },
    'wrong_type',
    'options.maxSteps',
  ],
  ['an option out of range', two, { options: { maxSteps: 0 } }, 'out_of_range', 'options.maxSteps'],
  ['an option that is NaN', two, { options: { armijoC1: Number.NaN } }, 'not_finite', 'options.armijoC1'],
  ['a choice that is none', two, { options: { scaling: 'big' as never } }, 'out_of_range', 'options.scaling'],
  ['a gradient that is none', two, { gradient: 3 as never }, 'wrong_type', 'gradient'],
  ['too few names', two, { variableNames: ['a'] }, 'dimension', 'variableNames'],
]

describe('wrong input is a typed error that names the place', () => {
  it.each(wrong)('%s', async (_, x0, options, code, path) => {
    await expect(minimize(f, x0, options)).rejects.toBeInstanceOf(InputError)
    await expect(minimize(f, x0, options)).rejects.toMatchObject({ code, path })
    expect(() => minimizeSync(f, x0, options)).toThrow(expect.objectContaining({ code, path }))
  })

  const functions: [string, MinimizeOptions, string, string][] = [
    ['a short gradient', { gradient: () => [1] }, 'dimension', 'gradient(x)'],
    ['a gradient of texts', { gradient: () => ['1', 1] as never }, 'wrong_type', 'gradient(x)[0]'],
    [
      'a constraint of texts',
      { constraints: { type: 'eq', fun: () => '1' as never } },
      'wrong_type',
      'constraints.fun(x)',
    ],
    [
      'a Jacobian of too few rows',
      { constraints: { type: 'eq', fun: () => [1, 2], jac: () => [[1, 1]] } },
      'dimension',
      'constraints.jac(x)',
    ],
    [
      'a Jacobian with a short row',
      { constraints: { type: 'eq', fun: () => [1, 2], jac: () => [[1, 1], [1]] } },
      'dimension',
      'constraints.jac(x)[1]',
    ],
  ]
  it.each(functions)('%s', async (_, options, code, path) => {
    await expect(minimize(f, two, options)).rejects.toMatchObject({ code, path })
    expect(() => minimizeSync(f, two, options)).toThrow(expect.objectContaining({ code, path }))
  })

  it('a number of constraints that changes', async () => {
    let calls = 0
    const fun = () => (++calls > 2 ? [1] : [1, 2])
    await expect(minimize(f, two, { constraints: [{ type: 'ineq', fun }] })).rejects.toMatchObject({
      code: 'dimension',
      path: 'constraints[0].fun(x)',
    })
  })
})

describe('an objective that is not finite at the start', () => {
  it('is a status with advice', async () => {
    const answer = await minimize(() => Number.NaN, two)
    expect(answer.status).toBe('nonfinite')
    expect(answer.message).toMatch(/x0/)
  })
})

describe('an exception of any function', () => {
  it.each(thrownValues())('passes through unchanged: %s', async (_, value) => {
    const throwing = () => {
      throw value
    }
    const options: MinimizeOptions[] = [
      { gradient: throwing },
      { constraints: [{ type: 'eq', fun: throwing }] },
      { constraints: [{ ...hs71.sphere, jac: throwing }] },
      { onStep: throwing },
    ]
    for (const each of options) {
      for (const run of [
        minimize,
        async (...given: Parameters<typeof minimizeSync>) => minimizeSync(...given),
      ]) {
        let thrown: unknown = 'nothing'
        try {
          await run(hs71.f, hs71.x0, { ...hs71Options, ...each })
        } catch (error) {
          thrown = error
        }
        expect(Object.is(thrown, value)).toBe(true)
      }
    }
  })
})

describe('an AbortSignal', () => {
  it('ends the run with its best point, also where a function never answers', async () => {
    for (const never of [false, true]) {
      const controller = new AbortController()
      let calls = 0
      const answer = await minimize(
        (x) => {
          if (++calls === 6) {
            controller.abort()
            if (never) return new Promise(() => {})
          }
          return hs71.f(x)
        },
        hs71.x0,
        { ...hs71Options, signal: controller.signal },
      )
      expect(answer.status).toBe('cancelled')
      expect(answer.fun).toBeCloseTo(hs71.f(answer.x), 12)
    }
  })

  it('that is aborted already rejects with its reason', async () => {
    const reason = new Error('no')
    await expect(minimize(hs71.f, hs71.x0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
