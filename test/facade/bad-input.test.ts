import { describe, expect, it } from 'vitest'
import {
  compareWeights,
  digest,
  generateNational,
  InputError,
  type ReweightData,
  type ReweightOptions,
  ReweightProblem,
  reweight,
} from '../../ts/index.js'
import { households } from './problems.js'

const csc = {
  format: 'csc',
  columnStarts: Uint32Array.of(0, 4, 6),
  rowIndices: Uint32Array.of(0, 1, 2, 3, 1, 2),
  values: Float64Array.of(1, 1, 1, 1, 2, 1),
} as const
const triples = {
  format: 'triples',
  rows: Uint32Array.of(0, 1),
  columns: Uint32Array.of(0, 1),
  values: Float64Array.of(1, 1),
} as const

/** What is thrown, as the caller sees it. */
function faultOf(call: () => unknown): { code: string; path: string; expected: string; received: string } {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(InputError)
    const { code, path, expected, received, message } = error as InputError
    expect(message).toBe(`${path}: expected ${expected}, received ${received}`)
    return { code, path, expected, received }
  }
  throw new Error('nothing was thrown')
}

type Case = [what: string, value: unknown, code: string, path: string, received: string | RegExp]

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

describe('wrong data', () => {
  const data: [...Case][] = [
    ['no data', undefined, 'wrong_type', 'data', 'undefined'],
    ['an unknown part', { ...households, weigths: [] }, 'unknown_option', 'data.weigths', '"weigths"'],
    ['no matrix', { ...households, matrix: undefined }, 'wrong_type', 'matrix', 'undefined'],
    [
      'an unknown format',
      { ...households, matrix: { format: 'csr' } },
      'wrong_type',
      'matrix.format',
      '"csr"',
    ],
    ...part('designWeights', [
      ['none', undefined, 'wrong_type', '', 'undefined'],
      ['an empty list', [], 'empty', '', 'none'],
      ['NaN', [1, nan, 1, 1], 'not_finite', '[1]', 'NaN'],
      ['infinity', [1, 1, 1, infinity], 'not_finite', '[3]', 'inf'],
      ['zero', [1, 1, 0, 1], 'out_of_range', '[2]', '0'],
      ['a negative weight', Float64Array.of(-2, 1, 1, 1), 'out_of_range', '[0]', '-2'],
      ['text', [1, 1, '1', 1], 'wrong_type', '[2]', '"1"'],
      ['a hole', Object.assign([1], { 2: 1, 3: 1 }), 'wrong_type', '[1]', 'undefined'],
      ['big integers', BigInt64Array.of(1n, 1n, 1n, 1n), 'wrong_type', '[0]', '1'],
      ['a number', 7, 'wrong_type', '', '7'],
      ['more than 32 bits can count', { length: 2 ** 32 }, 'too_large', '', '4294967296'],
    ]),
    ...part('targets', [
      ['none', undefined, 'wrong_type', '', 'undefined'],
      ['an empty list', [], 'empty', '', 'none'],
      ['an object', { total: 1 }, 'wrong_type', '', 'an object'],
      ['too few', [{ total: 1 }], 'dimension', '', 'length 1'],
      ['a number', [7, { total: 1 }], 'wrong_type', '[0]', '7'],
      ['no total', [{ total: 1 }, { name: 'a' }], 'wrong_type', '[1].total', 'undefined'],
      ['a NaN total', [{ total: 1 }, { total: nan }], 'not_finite', '[1].total', 'NaN'],
      [
        'an infinite scale',
        [{ total: 1, scale: -infinity }, { total: 1 }],
        'not_finite',
        '[0].scale',
        '-inf',
      ],
      ['a scale of 0', [{ total: 1, scale: 0 }, { total: 1 }], 'singular', '[0].scale', /^0 for target/],
      [
        'a total of -1',
        [{ total: 1 }, { name: 'b', total: -1 }],
        'singular',
        '[1].total',
        '-1 for target "b"',
      ],
      ['a null scale', [{ total: 1, scale: null }, { total: 1 }], 'wrong_type', '[0].scale', 'null'],
      ['a name that is none', [{ name: 3, total: 1 }, { total: 1 }], 'wrong_type', '[0].name', '3'],
      [
        'a name twice',
        [
          { name: 'a', total: 1 },
          { name: 'a', total: 2 },
        ],
        'duplicate',
        '[1].name',
        /"a"/,
      ],
    ]),
    ...part('bounds', [
      ['crossed', [2, 1], 'out_of_range', '[0]', '2'],
      ['crossed for a record', [0.1, [1, 1, 0.05, 1]], 'out_of_range', '[0][2]', '0.1'],
      ['NaN', [0.1, nan], 'not_finite', '[1]', 'NaN'],
      ['infinite for a record', [[0, 0, 0, -infinity], 2], 'not_finite', '[0][3]', '-inf'],
      ['too few', [0.1, [1, 2]], 'dimension', '[1]', 'length 2'],
      ['only one', [0.1], 'wrong_type', '', 'an object of class Array'],
      ['text', [0.1, '10'], 'wrong_type', '[1]', '"10"'],
    ]),
    ...matrix(csc, [
      [
        'a row out of range',
        { rowIndices: Uint32Array.of(0, 1, 2, 3, 1, 4) },
        'out_of_range',
        'rowIndices[5]',
        '4',
      ],
      ['a NaN value', { values: Float64Array.of(1, 1, nan, 1, 2, 1) }, 'not_finite', 'values[2]', 'NaN'],
      [
        'an infinite value',
        { values: Float64Array.of(1, 1, 1, 1, 1, infinity) },
        'not_finite',
        'values[5]',
        'inf',
      ],
      ['too few values', { values: Float64Array.of(1) }, 'dimension', 'rowIndices', 'length 6'],
      ['starts that fall', { columnStarts: Uint32Array.of(0, 5, 4) }, 'out_of_range', 'columnStarts[2]', '4'],
      [
        'starts not from 0',
        { columnStarts: Uint32Array.of(1, 4, 6) },
        'out_of_range',
        'columnStarts[0]',
        '1',
      ],
      [
        'starts that end early',
        { columnStarts: Uint32Array.of(0, 4, 5) },
        'out_of_range',
        'columnStarts[2]',
        '5',
      ],
      ['no starts', { columnStarts: new Uint32Array(0) }, 'dimension', 'columnStarts', 'length 0'],
      [
        'signed indices',
        { rowIndices: Int32Array.of(0) },
        'wrong_type',
        'rowIndices',
        'an object of class Int32Array',
      ],
      ['a plain array', { values: [1, 1, 1, 1, 2, 1] }, 'wrong_type', 'values', 'an object of class Array'],
    ]),
    ...matrix(triples, [
      ['a row out of range', { rows: Uint32Array.of(0, 4) }, 'out_of_range', 'rows[1]', '4'],
      ['a column out of range', { columns: Uint32Array.of(2, 0) }, 'out_of_range', 'columns[0]', '2'],
      ['too few columns', { columns: Uint32Array.of(0) }, 'dimension', 'columns', 'length 1'],
      ['too many rows', { rows: Uint32Array.of(0, 1, 2) }, 'dimension', 'rows', 'length 3'],
      ['a NaN value', { values: Float64Array.of(nan, 1) }, 'not_finite', 'values[0]', 'NaN'],
    ]),
    ...matrix({ format: 'columns', columns: [] }, [
      ['no columns', { columns: undefined }, 'wrong_type', 'columns', 'undefined'],
      ['a short one', { columns: [[1, 1, 1, 1], [1]] }, 'dimension', 'columns[1]', 'length 1'],
      ['NaN', { columns: [[1, nan, 1, 1], []] }, 'not_finite', 'columns[0][1]', 'NaN'],
      [
        'null',
        {
          columns: [
            [1, 1, 1, 1],
            [1, 1, null, 1],
          ],
        },
        'wrong_type',
        'columns[1][2]',
        'null',
      ],
    ]),
  ]

  it.each(data)('%s', (_, value, code, path, received) => {
    const fault = faultOf(() => new ReweightProblem(value as ReweightData))
    expect(fault).toMatchObject({ code, path })
    if (received instanceof RegExp) expect(fault.received).toMatch(received)
    else expect(fault.received).toBe(received)
  })

  it('is refused by update and reweight alike', async () => {
    using problem = new ReweightProblem(households)
    const fault = faultOf(() => problem.update({ matrix: csc } as object))
    expect(fault).toMatchObject({ code: 'unknown_option', path: 'change.matrix' })
    expect(faultOf(() => problem.update({ designWeights: [1] }))).toMatchObject({ code: 'dimension' })
    await expect(reweight({ ...households, designWeights: [] })).rejects.toMatchObject({ code: 'empty' })
  })

  function part(name: string, cases: [...Case][]): [...Case][] {
    return cases.map(([what, value, code, path, received]) => [
      `${name}: ${what}`,
      { ...households, [name]: value },
      code,
      `${name}${path}`,
      received,
    ])
  }

  function matrix(base: ReweightData['matrix'], cases: [...Case][]): [...Case][] {
    return cases.map(([what, change, code, path, received]) => [
      `${base.format} matrix: ${what}`,
      { ...households, matrix: { ...base, ...(change as object) } },
      code,
      `matrix.${path}`,
      received,
    ])
  }
})

describe('wrong options', () => {
  const cases: [what: string, options: unknown, code: string, path: string, received: string][] = [
    ['no object', 1e-2, 'wrong_type', 'options', '0.01'],
    ['an unknown name', { penality: 1 }, 'unknown_option', 'options.penality', '"penality"'],
    ['a negative penalty', { penalty: -1e-2 }, 'out_of_range', 'penalty', '-0.01'],
    ['a penalty of 0', { penalty: 0 }, 'not_unique', 'penalty', '0'],
    ['a NaN penalty', { penalty: nan }, 'not_finite', 'penalty', 'NaN'],
    ['an infinite penalty', { penalty: infinity }, 'not_finite', 'penalty', 'inf'],
    ['a penalty as text', { penalty: '1e-2' }, 'wrong_type', 'penalty', '"1e-2"'],
    ['null', { tolerance: null }, 'wrong_type', 'tolerance', 'null'],
    ['a tolerance of 0', { tolerance: 0 }, 'out_of_range', 'tolerance', '0'],
    ['an unknown method', { method: 'simplex' }, 'out_of_range', 'method', '"simplex"'],
    ['a method that is none', { method: 3 }, 'wrong_type', 'method', '3'],
    ['no iterations', { maxIterations: 0 }, 'out_of_range', 'maxIterations', '0'],
    ['half an iteration', { maxIterations: 2.5 }, 'out_of_range', 'maxIterations', '2.5'],
    ['too many iterations', { maxIterations: 2 ** 32 }, 'out_of_range', 'maxIterations', '4294967296'],
    ['a NaN of iterations', { maxIterations: nan }, 'not_finite', 'maxIterations', 'NaN'],
    ['no time', { timeLimitSeconds: 0 }, 'out_of_range', 'timeLimitSeconds', '0'],
    ['negative time', { timeLimitSeconds: -1 }, 'out_of_range', 'timeLimitSeconds', '-1'],
    ['negative threads', { threads: -1 }, 'out_of_range', 'threads', '-1'],
    ['an army of threads', { threads: 100_000 }, 'out_of_range', 'threads', '100000'],
    ['a short start', { startMultipliers: [1] }, 'dimension', 'startMultipliers', 'length 1'],
    ['a NaN start', { startDual: [0, nan] }, 'not_finite', 'startDual[1]', 'NaN'],
    ['two starts', { startDual: [0, 0], startMultipliers: [1, 1, 1, 1] }, 'conflict', 'startDual', 'both'],
  ]

  it.each(cases)('%s', async (_, options, code, path, received) => {
    using problem = new ReweightProblem(households)
    expect(faultOf(() => problem.solveSync(options as ReweightOptions))).toMatchObject({
      code,
      path,
      received,
    })
    const asynchronous = await problem.solve(options as ReweightOptions).catch((error) => error)
    expect(asynchronous).toBeInstanceOf(InputError)
    expect(asynchronous).toMatchObject({ code, path, received })
  })

  it('lists the names that there are', () => {
    using problem = new ReweightProblem(households)
    const { expected } = faultOf(() => problem.solveSync({ penality: 1 } as object))
    expect(expected).toMatch(/one of penalty, method, tolerance, maxIterations/)
  })

  it('of the wrong kind for listeners and signals', async () => {
    using problem = new ReweightProblem(households)
    for (const [name, value] of Object.entries({ onProgress: 1, onEvent: {}, signal: 'abort' })) {
      await expect(problem.solve({ [name]: value })).rejects.toMatchObject({ code: 'wrong_type', path: name })
      // Nothing of the kind can work while this thread is busy.
      expect(faultOf(() => problem.solveSync({ [name]: value } as object)).code).toBe('unknown_option')
    }
  })

  it('that leave the form undefined: the design weights meet every target, but 1 is out of bounds', () => {
    const targets = [{ total: 400 }, { total: 320 }]
    using problem = new ReweightProblem({ ...households, targets, bounds: [1.5, 2] })
    expect(faultOf(() => problem.solveSync())).toMatchObject({ code: 'not_unique', path: 'bounds' })
  })

  it('of the check, the sweep, the comparison, the generator and the digest', async () => {
    using problem = new ReweightProblem(households)
    const certify = (answer: object, options: object) => () =>
      problem.certify(answer as never, options as never)
    const good = { multipliers: [1, 1, 1, 1] }
    expect(faultOf(certify(good, { penalty: -1 })).path).toBe('penalty')
    expect(faultOf(certify(good, {})).path).toBe('penalty')
    expect(faultOf(certify(good, { penalty: 1, tolerance: 1 })).code).toBe('unknown_option')
    expect(faultOf(certify({ multipliers: [1] }, { penalty: 1 })).path).toBe('multipliers')
    expect(faultOf(certify({ ...good, dual: [nan, 0] }, { penalty: 1 })).path).toBe('dual[0]')
    expect(faultOf(certify({ ...good, dual: [0, 0], dualLow: [0] }, { penalty: 1 })).path).toBe('dualLow')
    await expect(problem.sweep('all' as never)).rejects.toMatchObject({ path: 'penalties' })
    expect(faultOf(() => compareWeights([1], [1, 2])).path).toBe('reference')
    expect(faultOf(() => compareWeights([1], [1], { rtol: -1 })).path).toBe('rtol')
    expect(faultOf(() => compareWeights([1], [1], { atol: nan })).path).toBe('atol')
    expect(faultOf(() => compareWeights([1], [1], { distanceBound: [1, 2] })).path).toBe('distanceBound')
    expect(faultOf(() => compareWeights([1], [1], { tol: 1 } as object)).code).toBe('unknown_option')
    expect(faultOf(() => generateNational({ records: 0, seed: 1 })).path).toBe('records')
    expect(faultOf(() => generateNational({ records: 10, targets: 600, seed: 1 })).path).toBe('targets')
    expect(faultOf(() => generateNational({ records: 10, targets: 1, seed: 0.5 })).path).toBe('seed')
    expect(faultOf(() => digest(['a'] as never)).path).toBe('values[0]')
  })
})

describe('memory that is not plain', () => {
  type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer
  const resizable = (kind: typeof ArrayBuffer | typeof SharedArrayBuffer) =>
    new (kind as unknown as Resizable)(32, { maxByteLength: 64 })

  const detachedCopy = <T extends Float64Array | Uint32Array | Int16Array>(array: T): T => {
    const copy = array.slice() as T
    structuredClone(copy, { transfer: [copy.buffer as ArrayBuffer] })
    return copy
  }

  it('is refused where it is gone', () => {
    for (const name of ['columnStarts', 'rowIndices', 'values'] as const) {
      const matrix = { ...csc, [name]: detachedCopy(csc[name]) }
      const fault = faultOf(() => new ReweightProblem({ ...households, matrix }))
      expect(fault).toMatchObject({ code: 'detached', path: `matrix.${name}` })
    }
    for (const array of [Float64Array.of(1, 1, 1, 1), Int16Array.of(1, 1, 1, 1)]) {
      const designWeights = detachedCopy(array)
      const fault = faultOf(() => new ReweightProblem({ ...households, designWeights }))
      expect(fault).toMatchObject({ code: 'detached', path: 'designWeights' })
    }
    using problem = new ReweightProblem(households)
    const startDual = detachedCopy(Float64Array.of(0, 0))
    expect(faultOf(() => problem.solveSync({ startDual }))).toMatchObject({
      code: 'detached',
      path: 'startDual',
    })
  })

  it('is refused where a resizable buffer has shrunk below the view', () => {
    const buffer = resizable(ArrayBuffer)
    const designWeights = new Float64Array(buffer, 16, 2)
    ;(buffer as unknown as { resize(length: number): void }).resize(8)
    const fault = faultOf(() => new ReweightProblem({ ...households, designWeights }))
    expect(fault).toMatchObject({ code: 'detached', path: 'designWeights' })
  })

  it('is copied where it is shared or resizable', () => {
    const expected = new ReweightProblem(households).solveSync().digest
    const buffers = [new SharedArrayBuffer(32), resizable(ArrayBuffer), resizable(SharedArrayBuffer)]
    for (const buffer of buffers) {
      const designWeights = new Float64Array(buffer)
      designWeights.set(households.designWeights)
      expect(new ReweightProblem({ ...households, designWeights }).solveSync().digest).toBe(expected)
    }
  })

  it('may be a view into a larger buffer, or of another kind', () => {
    const expected = new ReweightProblem(households).solveSync().digest
    const large = Float64Array.of(7, ...Array.from(households.designWeights), 7)
    for (const designWeights of [
      large.subarray(1, 5),
      Int16Array.of(100, 120, 80, 100),
      { ...households.designWeights, length: 4 },
    ]) {
      expect(new ReweightProblem({ ...households, designWeights }).solveSync().digest).toBe(expected)
    }
  })
})
