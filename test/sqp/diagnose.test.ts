import { describe, expect, it } from 'vitest'
import { InputError } from '../../ts/errors.js'
import {
  diagnoseMinimize,
  diagnoseMinimizeSync,
  type MinimizeOptions,
  minimizeSync,
  renderSqpReport,
  type SqpSignal,
} from '../../ts/index.js'
import { catching } from '../facade/catching.js'

const square = (x: Float64Array) => (x[0]! - 1) ** 2 + (x[1]! + 2) ** 2
const gradient = (x: Float64Array) => [2 * (x[0]! - 1), 2 * (x[1]! + 2)]
/** The sign of the gradient is wrong. */
const wrong = {
  gradient: (x: Float64Array) => gradient(x).map((g) => -g),
  options: { lineSearchMaxSteps: 10 },
} satisfies MinimizeOptions

describe('a diagnosis', () => {
  it('finds a wrong gradient, and says what to do about it', () => {
    const { result, report, text } = diagnoseMinimizeSync(square, [0, 0], wrong)
    expect(result.status).toBe('line_search_failure')
    expect(report.diagnoses[0]?.name).toBe('wrong_derivatives')
    expect(report.signals.map(({ name }) => name)).toContain('derivative_check')
    expect(text).toContain('NOT converged (line_search_failure)')
  })

  it('changes no bit of the answer, and has nothing to say of a healthy run', async () => {
    const plain = minimizeSync(square, [0, 0], { gradient })
    for (const { result, report } of [
      diagnoseMinimizeSync(square, [0, 0], { gradient }),
      await diagnoseMinimize(async (x) => square(x), [0, 0], { gradient }),
    ]) {
      expect(result.digest).toBe(plain.digest)
      expect(report.termination.converged).toBe(true)
      expect(report.signals).toEqual([])
    }
  })

  it('gives the arrays behind a signal', () => {
    const twice = [
      { type: 'eq', fun: (x: Float64Array) => x[0]! + x[1]! - 1, jac: () => [1, 1] },
      { type: 'eq', fun: (x: Float64Array) => x[0]! + x[1]! - 1, jac: () => [1, 1] },
    ] as const
    const { artifacts } = diagnoseMinimizeSync(square, [3, 1], { gradient, constraints: twice })
    const jacobian = artifacts.eq_jacobian_rank_deficient?.J_eq
    expect(jacobian?.shape).toEqual([2, 2])
    expect(jacobian?.values).toEqual(Float64Array.of(1, 1, 1, 1))
  })

  it('asks evaluators of the caller', () => {
    const signal = { name: 'mine', confidence: 'low', suggestions: [], evidence: {} } as unknown as SqpSignal
    const evaluators = [
      (report: { termination: { steps: number } }) => (report.termination.steps > 0 ? signal : undefined),
    ]
    const { report } = diagnoseMinimizeSync(square, [0, 0], { gradient }, { evaluators })
    expect(report.signals).toEqual([signal])
  })

  it('passes on what a function throws, and refuses unknown options', () => {
    const mine = new Error('mine')
    const throwing = () => {
      throw mine
    }
    expect(catching(() => diagnoseMinimizeSync(throwing, [0], {}))).toBe(mine)
    const error = catching(() => diagnoseMinimizeSync(square, [0, 0], {}, { colour: 1 } as never))
    expect(error).toBeInstanceOf(InputError)
  })

  it('becomes a page with the path, the active set and every signal', async () => {
    const valley = (x: Float64Array) => 100 * (x[1]! - x[0]! ** 2) ** 2 + (1 - x[0]!) ** 2
    const bounds = [
      [-2, 0.8],
      [-1, 2],
    ] as const
    const { report } = diagnoseMinimizeSync(valley, [-1.2, 1], { bounds })
    const page = await renderSqpReport(report, { title: 'A <square>' })
    expect(page).toContain('A &lt;square&gt;')
    for (const id of ['outcome', 'signals', 'path', 'active-set', 'counters', 'options']) {
      expect(page).toContain(`<section id="${id}"`)
    }
    const failed = await renderSqpReport(diagnoseMinimizeSync(square, [0, 0], wrong).report)
    expect(failed).toContain('id="signal-derivative_check"')
    expect(failed).toContain('Wrong derivatives')
  })
})
