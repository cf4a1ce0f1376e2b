// Penalised regression: η = Xβ, coefficients in blocks, each block with a quadratic penalty λₖ βᵀSₖβ and ρₖ = log λₖ.
// The same model as crates/equipoise/examples/smoothing (penalized.rs, inner.rs, derivatives.rs), which gives the sources.
import * as m from './matrix.mjs'

/**
 * The model of responses y, columns x (rows of the design) and penalties `{ first, matrix }` on blocks of columns that do not overlap.
 * family: 'gaussian' (identity link) or 'poisson' (log link).
 * criterion: 'reml', 'ml' (Gaussian), 'gcv', or 'ubre' with the known `scale` σ² (1 for Poisson).
 */
export class PenalizedRegression {
  constructor({ x, y, penalties, family = 'gaussian', criterion = 'reml', scale = 1 }) {
    Object.assign(this, { y, family, criterion, scale })
    this.names = penalties.map((_, k) => `log lambda ${k + 1}`)
    // Columns of each block are rotated to the eigenvectors of its penalty, which then is diagonal.
    this.x = x.map((row) => [...row])
    this.blocks = penalties.map(({ first, matrix }) => ({ first, size: matrix.length }))
    this.penalties = penalties.map(({ first, matrix }) => {
      const { values, vectors } = m.symmetricEigen(matrix)
      const largest = Math.max(...values)
      x.forEach((row, i) => {
        vectors.forEach((v, k) => {
          this.x[i][first + k] = m.dot(row.slice(first, first + matrix.length), v)
        })
      })
      return values.map((d, k) => ({ column: first + k, d })).filter(({ d }) => d > 1e-10 * largest)
    })
    this.numPenalties = penalties.length
  }

  /** Where data and penalty weigh alike: the log of Σ(XᵀX)ⱼⱼ/Σdⱼ over the penalised directions of each block. */
  startingPoint() {
    const square = (column) => this.x.reduce((sum, row) => sum + row[column] ** 2, 0)
    return this.penalties.map((entries) => {
      const data = entries.reduce((sum, { column }) => sum + square(column), 0)
      return Math.log(data / entries.reduce((sum, { d }) => sum + d, 0))
    })
  }

  /** The criterion alone. */
  value(rho) {
    const inner = this.#solve(rho)
    return this.#combine(rho, this.#values(inner)).value
  }

  /** The criterion, its gradient and Hessian, the Fellner–Schall step, and degrees of freedom. */
  evaluate(rho) {
    const inner = this.#solve(rho)
    const pieces = this.#differentiate(inner)
    return {
      ...this.#combine(rho, pieces),
      beta: inner.beta,
      deviance: pieces.deviance.value,
      degrees: inner.degrees,
    }
  }

  /** β(ρ) and what belongs to it. */
  #solve(rho) {
    const p = this.x[0].length
    const penalties = this.penalties.map((entries, k) => {
      const diagonal = new Array(p).fill(0)
      for (const { column, d } of entries) diagonal[column] = Math.exp(rho[k]) * d
      return diagonal
    })
    const total = penalties.reduce((sum, own) => sum.map((s, j) => s + own[j]), new Array(p).fill(0))
    const weightedSolve = (weights, z) => {
      const right = m.transposedTimes(
        this.x,
        z.map((value, i) => weights[i] * value),
      )
      return m.times(m.inverse(m.weightedGram(this.x, weights, total)).inverse, right)
    }
    const ones = this.y.map(() => 1)
    const beta = this.family === 'gaussian' ? weightedSolve(ones, this.y) : this.#newton(weightedSolve, total)
    const eta = m.times(this.x, beta)
    const mean = this.family === 'gaussian' ? eta : eta.map(Math.exp)
    const weights = this.family === 'gaussian' ? ones : mean
    const hessian = m.weightedGram(this.x, weights, total)
    const all = m.inverse(hessian)
    // The likelihood's determinant is of the penalised part alone, the restricted likelihood's of all.
    const part = total.flatMap((s, j) => (this.criterion !== 'ml' || s > 0 ? [j] : []))
    const reduced = part.length === p ? all : m.inverse(part.map((i) => part.map((j) => hessian[i][j])))
    const determinantInverse = m.zeros(p, p)
    part.forEach((i, a) => {
      part.forEach((j, b) => {
        determinantInverse[i][j] = reduced.inverse[a][b]
      })
    })
    const degrees = this.blocks.map(({ first, size }) =>
      Array.from({ length: size }, (_, k) => 1 - all.inverse[first + k][first + k] * total[first + k]).reduce(
        (a, b) => a + b,
      ),
    )
    const logDeterminant = reduced.logDeterminant
    return {
      beta,
      eta,
      mean,
      weights,
      penalties,
      total,
      inverse: all.inverse,
      determinantInverse,
      logDeterminant,
      degrees,
    }
  }

  /** Newton's method on the penalised deviance from the responses, halving steps that raise it, until it no longer falls. */
  #newton(weightedSolve, total) {
    let eta = this.y.map((y) => Math.log(y + 0.1))
    let beta
    let merit = Number.POSITIVE_INFINITY
    for (let iteration = 0; iteration < 100; iteration += 1) {
      const mean = eta.map(Math.exp)
      const full = weightedSolve(
        mean,
        eta.map((e, i) => e + (this.y[i] - mean[i]) / mean[i]),
      )
      let trial = full
      let accepted = false
      for (let halving = 0; halving < 30 && !accepted; halving += 1) {
        const trialEta = m.times(this.x, trial)
        const trialMerit = this.#deviance(trialEta, trialEta.map(Math.exp)) + quadratic(trial, total, trial)
        accepted = trialMerit < merit
        if (accepted) [eta, merit, beta] = [trialEta, trialMerit, trial]
        else if (!beta) break
        else trial = trial.map((b, j) => 0.5 * (b + beta[j]))
      }
      if (!accepted && beta) return full
      if (!accepted) break
    }
    throw new RangeError('the inner solve did not settle')
  }

  #deviance(eta, mean) {
    const terms =
      this.family === 'gaussian'
        ? this.y.map((y, i) => (y - mean[i]) ** 2)
        : this.y.map((y, i) => 2 * ((y > 0 ? y * (Math.log(y) - eta[i]) : 0) - y + mean[i]))
    return terms.reduce((a, b) => a + b)
  }

  /** The four quantities with derivatives of zero. */
  #values({ beta, eta, mean, total, inverse, penalties, logDeterminant }) {
    const num = penalties.length
    const piece = (value) => ({ value, gradient: new Array(num).fill(0), hessian: m.zeros(num, num) })
    return {
      deviance: piece(this.#deviance(eta, mean)),
      penalty: piece(quadratic(beta, total, beta)),
      degrees: piece(total.length - m.traceWith(inverse, total)),
      logDeterminant: piece(logDeterminant),
    }
  }

  /** Deviance D, penalty P = βᵀΛβ, degrees of freedom τ and log determinant L with their first and second derivatives. */
  #differentiate(inner) {
    const { beta, mean, weights, penalties, total, inverse, determinantInverse } = inner
    const isPoisson = this.family === 'poisson'
    const num = penalties.length
    const zero = new Array(total.length).fill(0)
    const gramOf = (change, diagonal) =>
      isPoisson ? m.weightedGram(this.x, change, diagonal) : diagonalMatrix(diagonal)
    const betaBy = penalties.map((own) =>
      m.times(
        inverse,
        own.map((s, j) => -s * beta[j]),
      ),
    )
    const etaBy = betaBy.map((b) => m.times(this.x, b))
    const hessianBy = etaBy.map((eta, k) =>
      gramOf(
        mean.map((value, i) => value * eta[i]),
        penalties[k],
      ),
    )
    const relative = hessianBy.map((h) => m.product(inverse, h))
    const determinantRelative = hessianBy.map((h) => m.product(determinantInverse, h))
    const shrinkage = m.scaleColumns(inverse, total)
    const { deviance, penalty, degrees, logDeterminant } = this.#values(inner)
    for (let k = 0; k < num; k += 1) {
      const along = quadratic(beta, total, betaBy[k])
      deviance.gradient[k] = -2 * along
      penalty.gradient[k] = 2 * along + quadratic(beta, penalties[k], beta)
      degrees.gradient[k] = m.traceOfProduct(relative[k], shrinkage) - m.traceWith(inverse, penalties[k])
      logDeterminant.gradient[k] = m.trace(determinantRelative[k])
      for (let l = 0; l <= k; l += 1) {
        const same = Number(k === l)
        const right = m.times(hessianBy[l], betaBy[k]).map((h, j) => h + penalties[k][j] * betaBy[l][j])
        const betaByBoth = m.times(inverse, right).map((moved, j) => same * betaBy[k][j] - moved)
        const etaByBoth = m.times(this.x, betaByBoth)
        const alongBoth = quadratic(beta, total, betaByBoth)
        const hessianByBoth = gramOf(
          mean.map((value, i) => value * (etaBy[k][i] * etaBy[l][i] + etaByBoth[i])),
          same ? penalties[k] : zero,
        )
        const set = (target, value) => {
          target.hessian[k][l] = value
          target.hessian[l][k] = value
        }
        set(deviance, 2 * quadratic(etaBy[k], weights, etaBy[l]) - 2 * alongBoth)
        set(
          penalty,
          2 * quadratic(betaBy[l], total, betaBy[k]) +
            2 * quadratic(beta, penalties[l], betaBy[k]) +
            2 * quadratic(beta, penalties[k], betaBy[l]) +
            2 * alongBoth +
            same * quadratic(beta, penalties[k], beta),
        )
        set(
          degrees,
          m.traceOfProduct(m.product(inverse, hessianByBoth), shrinkage) -
            m.traceOfProduct(m.product(relative[l], relative[k]), shrinkage) -
            m.traceOfProduct(m.product(relative[k], relative[l]), shrinkage) +
            m.traceWith(m.product(relative[k], inverse), penalties[l]) +
            m.traceWith(m.product(relative[l], inverse), penalties[k]) -
            same * m.traceWith(inverse, penalties[k]),
        )
        set(
          logDeterminant,
          m.traceOfProduct(determinantInverse, hessianByBoth) -
            m.traceOfProduct(determinantRelative[k], determinantRelative[l]),
        )
      }
    }
    return { deviance, penalty, degrees, logDeterminant }
  }

  /** The criterion from its pieces by the chain rule. */
  #combine(rho, { deviance, penalty, degrees, logDeterminant }) {
    const n = this.y.length
    const ranks = this.penalties.map((entries) => entries.length)
    const result = { value: 0, gradient: rho.map(() => 0), hessian: m.zeros(rho.length, rho.length) }
    const add = ({ gradient, hessian }, factor) => {
      gradient.forEach((g, k) => {
        result.gradient[k] += factor * g
        hessian[k].forEach((h, l) => {
          result.hessian[k][l] += factor * h
        })
      })
    }
    const addOuter = (u, v, factor) => {
      u.forEach((a, k) => {
        v.forEach((b, l) => {
          result.hessian[k][l] += factor * a * b
        })
      })
    }
    // The gradient is the difference of two positive parts; the Fellner–Schall step is the log of their ratio.
    let rises
    let falls
    if (this.criterion === 'reml' || this.criterion === 'ml') {
      const penalised = ranks.reduce((a, b) => a + b)
      const size = this.criterion === 'reml' ? n - (this.x[0].length - penalised) : n
      const misfit = deviance.value + penalty.value
      const isGaussian = this.family === 'gaussian'
      const logRanks = this.penalties.reduce(
        (sum, entries, k) => sum + ranks[k] * rho[k] + entries.reduce((logs, { d }) => logs + Math.log(d), 0),
        0,
      )
      const profiled = isGaussian ? size * (1 + Math.log((2 * Math.PI * misfit) / size)) : misfit
      result.value = logDeterminant.value - logRanks + profiled
      const first = isGaussian ? size / misfit : 1
      add(logDeterminant, 1)
      add(deviance, first)
      add(penalty, first)
      const slopes = deviance.gradient.map((d, k) => d + penalty.gradient[k])
      addOuter(slopes, slopes, isGaussian ? -size / misfit ** 2 : 0)
      result.gradient = result.gradient.map((g, k) => g - ranks[k])
      falls = ranks.map((rank, k) => rank - logDeterminant.gradient[k])
      rises = falls.map((f, k) => f + result.gradient[k])
    } else if (this.criterion === 'ubre') {
      result.value = deviance.value / n - this.scale + (2 * degrees.value * this.scale) / n
      add(deviance, 1 / n)
      add(degrees, (2 * this.scale) / n)
      rises = deviance.gradient
      falls = degrees.gradient.map((t) => -2 * this.scale * t)
    } else {
      const left = n - degrees.value
      const d = deviance.value
      result.value = (n * d) / left ** 2
      add(deviance, n / left ** 2)
      add(degrees, (2 * n * d) / left ** 3)
      addOuter(deviance.gradient, degrees.gradient, (2 * n) / left ** 3)
      addOuter(degrees.gradient, deviance.gradient, (2 * n) / left ** 3)
      addOuter(degrees.gradient, degrees.gradient, (6 * n * d) / left ** 4)
      rises = deviance.gradient
      falls = degrees.gradient.map((t) => (-2 * d * t) / left)
    }
    const efsStep = rho.map((_, k) => fellnerSchall(rises[k], falls[k], result.gradient[k]))
    return { ...result, efsStep }
  }
}

function fellnerSchall(rises, falls, gradient) {
  const step = rises > 0 && falls > 0 ? Math.log(falls / rises) : rises > 0 ? -5 : falls > 0 ? 5 : -gradient
  return Math.min(5, Math.max(-5, step))
}

/** aᵀ diag(d) b */
const quadratic = (a, d, b) => a.reduce((sum, x, i) => sum + x * d[i] * b[i], 0)

const diagonalMatrix = (d) => d.map((x, i) => d.map((_, j) => (i === j ? x : 0)))
