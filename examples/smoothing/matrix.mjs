// The little linear algebra that the models need: matrices are arrays of rows.

export const zeros = (rows, columns) => Array.from({ length: rows }, () => new Array(columns).fill(0))

export const identity = (size) => zeros(size, size).map((row, i) => row.map((_, j) => Number(i === j)))

export const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0)

export const times = (matrix, x) => matrix.map((row) => dot(row, x))

export const transposedTimes = (matrix, x) =>
  matrix.reduce((sum, row, i) => {
    row.forEach((a, j) => {
      sum[j] += a * x[i]
    })
    return sum
  }, new Array(matrix[0].length).fill(0))

export const product = (a, b) => a.map((row) => transposedTimes(b, row))

export const scaleColumns = (matrix, d) => matrix.map((row) => row.map((a, j) => a * d[j]))

export const trace = (a) => a.reduce((sum, row, i) => sum + row[i], 0)

/** tr(AB) */
export const traceOfProduct = (a, b) =>
  a.reduce((sum, row, i) => sum + row.reduce((part, x, j) => part + x * b[j][i], 0), 0)

/** tr(A diag(d)) */
export const traceWith = (a, d) => a.reduce((sum, row, i) => sum + row[i] * d[i], 0)

/** XᵀWX + diag(d) */
export function weightedGram(x, weights, d) {
  const p = d.length
  const gram = zeros(p, p)
  x.forEach((row, i) => {
    for (let j = 0; j < p; j += 1) {
      const a = weights[i] * row[j]
      for (let k = 0; k <= j; k += 1) gram[j][k] += a * row[k]
    }
  })
  for (let j = 0; j < p; j += 1) {
    for (let k = 0; k < j; k += 1) gram[k][j] = gram[j][k]
    gram[j][j] += d[j]
  }
  return gram
}

/** The inverse and the log of the determinant of a positive definite matrix. Rows and columns are scaled to a unit diagonal first. */
export function inverse(matrix) {
  const n = matrix.length
  const scale = matrix.map((row, i) => 1 / Math.sqrt(row[i]))
  const factor = zeros(n, n)
  let logDeterminant = 0
  for (let j = 0; j < n; j += 1) {
    for (let i = j; i < n; i += 1) {
      let rest = matrix[i][j] * scale[i] * scale[j]
      for (let k = 0; k < j; k += 1) rest -= factor[i][k] * factor[j][k]
      if (i > j) factor[i][j] = rest / factor[j][j]
      else if (rest > 0) factor[j][j] = Math.sqrt(rest)
      else throw new RangeError('the matrix is not positive definite')
    }
    logDeterminant += 2 * Math.log(factor[j][j] / scale[j])
  }
  const columns = identity(n).map((x) => {
    for (let i = 0; i < n; i += 1) {
      for (let k = 0; k < i; k += 1) x[i] -= factor[i][k] * x[k]
      x[i] /= factor[i][i]
    }
    for (let i = n - 1; i >= 0; i -= 1) {
      for (let k = i + 1; k < n; k += 1) x[i] -= factor[k][i] * x[k]
      x[i] /= factor[i][i]
    }
    return x
  })
  return {
    inverse: columns.map((column, i) => column.map((x, j) => x * scale[i] * scale[j])),
    logDeterminant,
  }
}

/** Eigenvalues and eigenvectors (by rows) of a symmetric matrix, by Jacobi's rotations. */
export function symmetricEigen(matrix) {
  const n = matrix.length
  const a = matrix.map((row) => [...row])
  const vectors = identity(n)
  const size = Math.hypot(...a.flat())
  const offDiagonal = () => Math.hypot(0, ...a.flatMap((row, i) => row.filter((_, j) => j !== i)))
  for (let sweep = 0; sweep < 60 && offDiagonal() > 1e-15 * size; sweep += 1) {
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        if (a[p][q] === 0) continue
        const half = (a[q][q] - a[p][p]) / (2 * a[p][q])
        const t = Math.sign(half || 1) / (Math.abs(half) + Math.hypot(half, 1))
        const c = 1 / Math.hypot(t, 1)
        const s = t * c
        for (let k = 0; k < n; k += 1)
          [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]]
        for (let k = 0; k < n; k += 1)
          [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]]
        for (let k = 0; k < n; k += 1)
          [vectors[p][k], vectors[q][k]] = [
            c * vectors[p][k] - s * vectors[q][k],
            s * vectors[p][k] + c * vectors[q][k],
          ]
      }
    }
  }
  return { values: a.map((row, i) => row[i]), vectors }
}
