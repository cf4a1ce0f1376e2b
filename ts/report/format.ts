import { type Html, html } from './escape.js'

/** A figure of the certificate: null stands for a number that JSON cannot write. */
export type Figure = number | null | undefined

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const MINUS = '−'

/** Words for what is not a finite number; undefined if it is one. */
export function wordsForNonFinite(value: Figure): string | undefined {
  if (value === null || value === undefined) return 'not available'
  if (Number.isNaN(value)) return 'not a number'
  if (value === Number.POSITIVE_INFINITY) return 'infinite'
  if (value === Number.NEGATIVE_INFINITY) return 'minus infinity'
  return undefined
}

/** To `digits` significant digits, but no digit before the decimal point is lost: 170,161 stays 170,161. */
export function formatNumber(value: Figure, digits = 4): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  const number = value as number
  const size = Math.abs(number)
  if (number === 0) return '0'
  if (size < 1e-4 || size >= 1e15) return formatScientific(number, digits)
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)))
  return withSigns(dropTrailingZeros(number.toFixed(decimals)))
}

export function formatCount(value: Figure): string {
  return wordsForNonFinite(value) ?? withSigns((value as number).toFixed(0))
}

/** 4.44e-16 as 4.4 × 10⁻¹⁶; sizes that read well as decimals stay decimals. */
export function formatScientific(value: Figure, digits = 2): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  const size = Math.abs(value as number)
  if (size === 0 || (size >= 1e-3 && size < 1e4)) return formatNumber(value, digits)
  const [mantissa, exponent] = (value as number).toExponential(digits - 1).split('e') as [string, string]
  return scientific(dropTrailingZeros(mantissa), Number(exponent))
}

/** A proven upper bound to two digits, rounded up: the printed figure is a bound too. */
export function formatBound(value: Figure): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  const number = value as number
  if (number <= 0) return formatScientific(number)
  const step = 10 ** (Math.floor(Math.log10(number)) - 1)
  const nearest = Number(number.toExponential(1))
  return formatScientific(nearest < number ? number + step / 2 : number)
}

/** A proven lower bound, rounded down: the printed figure is a bound too. */
export function formatLeast(value: Figure, digits = 4): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  const number = value as number
  if (number <= 0) return formatNumber(number, digits)
  const nearest = Number(number.toPrecision(digits))
  const step = 10 ** (Math.floor(Math.log10(number)) - digits + 1)
  return formatNumber(nearest > number ? nearest - step : nearest, digits)
}

/** 0.01234 as 1.23%. */
export function formatPercent(value: Figure, digits = 3): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  return `${formatNumber((value as number) * 100, digits)}%`
}

/** A signed percentage: errors have a direction. */
export function formatSignedPercent(value: Figure, digits = 3): string {
  const text = formatPercent(value, digits)
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? `+${text}` : text
}

export function formatSeconds(value: Figure): string {
  const words = wordsForNonFinite(value)
  if (words) return words
  const seconds = value as number
  if (seconds > 0 && seconds < 0.0995) return `${formatNumber(seconds * 1000, 3)} ms`
  return `${formatNumber(seconds, 3)} s`
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${formatNumber(value, 3)} ${units[unit]}`
}

/** `secondsPerStep` or `drop_nonpositive` as `Seconds per step`, `Drop nonpositive`. */
export function formatIdentifier(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** All digits of a double: the shortest decimal that reads back to the same number. Empty for what is not a number. */
export function exactDigits(value: Figure): string {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : ''
}

/** Text for a number with the exact value behind it. */
export function figure(value: Figure, text: string = formatNumber(value)): Html {
  const exact = exactDigits(value)
  return exact ? html`<data value="${exact}" title="${exact}">${text}</data>` : html`${text}`
}

/** `1 target`, `2 targets`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

function scientific(mantissa: string, exponent: number): string {
  const power = `10${exponent < 0 ? '⁻' : ''}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')}`
  const factor = mantissa.replace('-', MINUS)
  if (factor === '1') return power
  if (factor === `${MINUS}1`) return MINUS + power
  return `${factor}\u00a0×\u00a0${power}`
}

function dropTrailingZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal
}

function withSigns(decimal: string): string {
  const [whole, fraction] = decimal.replace('-', '').split('.') as [string, string?]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const isZero = !/[1-9]/.test(decimal)
  return `${decimal.startsWith('-') && !isZero ? MINUS : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`
}
