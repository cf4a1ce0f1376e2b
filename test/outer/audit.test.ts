import { describe, expect, it } from 'vitest'
import {
  auditOuterGradient,
  auditOuterGradientSync,
  InputError,
  OuterSearchError,
  RejectedPoint,
} from '../../ts/index.js'
import { quadratic, rosenbrock, withGradient, withHessian } from './problems.js'

const theta = [0.3, -0.7]
const step = 1e-5

describe('the audit of a gradient', () => {
  it('finds nothing wrong with a right one, on this thread, its own, and by promises', async () => {
    const here = auditOuterGradientSync(withHessian(rosenbrock), theta, { step })
    expect(here.verdict).toBe('clean')
    const { gradient } = rosenbrock(Float64Array.from(theta))
    here.coordinates.forEach(({ analytic, difference, gap, ratio }, i) => {
      expect(analytic).toBe(gradient[i])
      expect(Math.abs(difference - gradient[i]!)).toBeLessThan(1e-6)
      expect(gap).toBe(Math.abs(analytic - difference))
      expect(ratio).toBeCloseTo(1, 6)
    })
    expect(here.rhoGradientNorm).toBeCloseTo(Math.hypot(...gradient), 10)
    const [[a, b], [, d]] = [
      [1200 * theta[0]! ** 2 - 400 * theta[1]! + 2, -400 * theta[0]!],
      [-400 * theta[0]!, 200],
    ] as [[number, number], [number, number]]
    const centre = (a + d) / 2
    const radius = Math.hypot((a - d) / 2, b)
    expect(here.hessianEigenvalues![0]).toBeCloseTo(centre - radius, 8)
    expect(here.hessianEigenvalues![1]).toBeCloseTo(centre + radius, 8)
    expect(await auditOuterGradient(withHessian(rosenbrock), theta, { step })).toEqual(here)
    const promised = withHessian(async (point: Float64Array) => rosenbrock(point))
    expect(await auditOuterGradient(promised, theta, { step })).toEqual(here)
  })

  it('names the coordinate of a wrong entry', () => {
    const wrong = withGradient((point: Float64Array) => {
      const { value, gradient } = rosenbrock(point)
      return { value, gradient: [gradient[0]!, gradient[1]! * 1.01] }
    })
    const audit = auditOuterGradientSync(wrong, theta, { step, psiDim: 1 })
    expect(audit).toMatchObject({ verdict: 'desync', worst: 1, hessianEigenvalues: null })
    expect(audit.coordinates[1]!.ratio).toBeCloseTo(1.01, 6)
    expect(audit.psiGradientNorm).toBeCloseTo(Math.abs(audit.coordinates[1]!.analytic), 12)
  })

  it('knows a flat Hessian', () => {
    const flat = withHessian(quadratic([0, 0], [1, 0]))
    expect(auditOuterGradientSync(flat, theta, { step }).verdict).toBe('flatness')
  })

  it('passes exceptions on, and says where a point was rejected', async () => {
    const thrown = new TypeError('mine')
    const throwing = withGradient(() => {
      throw thrown
    })
    expect(() => auditOuterGradientSync(throwing, theta, { step })).toThrow(thrown)
    await expect(auditOuterGradient(throwing, theta, { step })).rejects.toBe(thrown)
    const rejecting = withGradient(() => {
      throw new RejectedPoint('no inner solution')
    })
    expect(() => auditOuterGradientSync(rejecting, theta, { step })).toThrow(/no inner solution/)
    const short = withGradient(() => ({ value: 1, gradient: [1] }))
    expect(() => auditOuterGradientSync(short, theta, { step })).toThrow(OuterSearchError)
  })

  it('ends when it is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const slow = withGradient(async () => {
      controller.abort(reason)
      return new Promise<never>(() => {})
    })
    const audit = auditOuterGradient(slow, theta, { step, signal: controller.signal })
    await expect(audit).rejects.toBe(reason)
  })

  it('refuses what is wrong before any evaluation', () => {
    const never = withGradient(() => {
      throw new Error('evaluated')
    })
    const wrong: [unknown, unknown, string, string][] = [
      [theta, { step: 0 }, 'out_of_range', 'step'],
      [theta, { step: Number.NaN }, 'out_of_range', 'step'],
      [theta, { step: '1' }, 'wrong_type', 'step'],
      [theta, {}, 'wrong_type', 'step'],
      [theta, undefined, 'wrong_type', 'options'],
      [theta, { step, psiDim: 3 }, 'out_of_range', 'psiDim'],
      [theta, { step, stepp: 1 }, 'unknown_option', 'options.stepp'],
      [[0, Number.NaN], { step }, 'not_finite', 'theta[1]'],
      ['00', { step }, 'wrong_type', 'theta'],
    ]
    for (const [point, options, code, path] of wrong) {
      let error: unknown
      try {
        auditOuterGradientSync(never, point as never, options as never)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, path })
    }
  })
})
