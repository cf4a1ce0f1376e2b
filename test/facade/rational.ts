/** Exact fractions of big integers: slow, and right. */
export class Rational {
  readonly numerator: bigint
  readonly denominator: bigint

  constructor(numerator: bigint, denominator = 1n) {
    const sign = denominator < 0n ? -1n : 1n
    const divisor = gcd(numerator < 0n ? -numerator : numerator, sign * denominator)
    this.numerator = (sign * numerator) / divisor
    this.denominator = (sign * denominator) / divisor
  }

  /** The exact value of a finite double. */
  static of(x: number): Rational {
    const bits = new DataView(new ArrayBuffer(8))
    bits.setFloat64(0, x)
    const word = bits.getBigUint64(0)
    const biased = (word >> 52n) & 0x7ffn
    const fraction = word & 0xfffffffffffffn
    const mantissa = (biased === 0n ? fraction : fraction | (1n << 52n)) * (x < 0 ? -1n : 1n)
    const exponent = (biased === 0n ? 1n : biased) - 1075n
    return exponent >= 0n ? new Rational(mantissa << exponent) : new Rational(mantissa, 1n << -exponent)
  }

  plus(other: Rational): Rational {
    return new Rational(
      this.numerator * other.denominator + other.numerator * this.denominator,
      this.denominator * other.denominator,
    )
  }

  minus(other: Rational): Rational {
    return this.plus(new Rational(-other.numerator, other.denominator))
  }

  times(other: Rational): Rational {
    return new Rational(this.numerator * other.numerator, this.denominator * other.denominator)
  }

  over(other: Rational): Rational {
    return new Rational(this.numerator * other.denominator, this.denominator * other.numerator)
  }

  abs(): Rational {
    return this.numerator < 0n ? new Rational(-this.numerator, this.denominator) : this
  }

  /** Negative, zero or positive as this is less than, equal to or greater than `other`. */
  compare(other: Rational): bigint {
    return this.minus(other).numerator
  }

  get isZero(): boolean {
    return this.numerator === 0n
  }
}

export const ZERO = new Rational(0n)
export const ONE = new Rational(1n)
export const TWO = new Rational(2n)

export const sumOf = (terms: Rational[]): Rational => terms.reduce((sum, term) => sum.plus(term), ZERO)

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
