import { describe, expect, it } from 'vitest'
import { html, nameOf } from '../../ts/report/escape.js'
import {
  figure,
  formatBound,
  formatBytes,
  formatCount,
  formatIdentifier,
  formatLeast,
  formatNumber,
  formatPercent,
  formatScientific,
  formatSeconds,
  formatSignedPercent,
} from '../../ts/report/format.js'
import { formula } from '../../ts/report/formula.js'

describe('numbers in words and digits', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [170161, '170,161'],
    [57611.9998, '57,612'],
    [-1234567.8, '−1,234,568'],
    [1.23456, '1.235'],
    [0.1, '0.1'],
    [2, '2'],
    [0.00012, '0.00012'],
    [0.0000123, '1.23\u00a0×\u00a010⁻⁵'],
    [1e15, '10¹⁵'],
    [-2.5e-9, '−2.5\u00a0×\u00a010⁻⁹'],
    [999.996, '1,000'],
  ])('formats %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  it.each([
    [null, 'not available'],
    [undefined, 'not available'],
    [Number.NaN, 'not a number'],
    [Number.POSITIVE_INFINITY, 'infinite'],
    [Number.NEGATIVE_INFINITY, 'minus infinity'],
  ])('says %s in words, whatever the format', (value, words) => {
    const formats = [
      formatNumber,
      formatCount,
      formatScientific,
      formatBound,
      formatPercent,
      formatSignedPercent,
      formatSeconds,
    ]
    for (const format of formats) expect(format(value)).toBe(words)
  })

  it('rounds what is proven at least down, never up', () => {
    expect(formatLeast(150.5997418)).toBe('150.5')
    expect(formatLeast(0.03359351813517731)).toBe('0.03359')
    expect(formatLeast(0.03359651813517731)).toBe('0.03359')
    expect(formatLeast(123_456_789.7)).toBe('123,400,000')
    expect(formatLeast(9.9999e-7, 3)).toBe('9.99\u00a0×\u00a010⁻⁷')
    expect(formatLeast(2, 3)).toBe('2')
    expect(formatLeast(0)).toBe('0')
  })

  it('rounds a bound up, never down: what is printed is a bound too', () => {
    expect(formatBound(4.41e-16)).toBe('4.5\u00a0×\u00a010⁻¹⁶')
    expect(formatBound(4.4e-16)).toBe('4.4\u00a0×\u00a010⁻¹⁶')
    expect(formatBound(9.91e-16)).toBe('10⁻¹⁵')
    expect(formatBound(0.01701)).toBe('0.018')
    expect(formatBound(0)).toBe('0')
  })

  it('keeps sizes that read well as decimals', () => {
    expect(formatScientific(0.0173)).toBe('0.017')
    expect(formatScientific(1)).toBe('1')
    expect(formatScientific(1e-9)).toBe('10⁻⁹')
  })

  it('gives percentages, times, sizes and names as a reader writes them', () => {
    expect(formatPercent(0.01234)).toBe('1.23%')
    expect(formatSignedPercent(0.5)).toBe('+50%')
    expect(formatSignedPercent(-0.5)).toBe('−50%')
    expect(formatSignedPercent(0)).toBe('0%')
    expect(formatSeconds(0.412)).toBe('0.412 s')
    expect(formatSeconds(0.0061)).toBe('6.1 ms')
    expect(formatBytes(48_211_733)).toBe('48.2 MB')
    expect(formatBytes(12)).toBe('12 bytes')
    expect(formatIdentifier('dropNonpositive')).toBe('Drop nonpositive')
    expect(formatIdentifier('area_column')).toBe('Area column')
  })

  it('keeps the exact value behind the rounded one', () => {
    expect(figure(1 / 3).markup).toBe(
      '<data value="0.3333333333333333" title="0.3333333333333333">0.3333</data>',
    )
    expect(figure(null).markup).toBe('not available')
  })
})

describe('the html template', () => {
  it('escapes every value that is not markup already', () => {
    const hostile = `<script>alert("1")</script>&'`
    expect(html`<p title="${hostile}">${[hostile, html`<b>${1}</b>`, null, false]}</p>`.markup).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">' +
        '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;<b>1</b></p>',
    )
  })

  it('replaces characters that no page may hold', () => {
    expect(html`${'a\u0000b\ud800c\u001fd'}`.markup).toBe('a\ufffdb\ufffdc\ufffdd')
    expect(html`${'naïve 😀'}`.markup).toBe('naïve 😀')
  })

  it('lets long names break after punctuation, and only there', () => {
    expect(nameOf('wages_all<x').markup).toBe('<bdi>wages_<wbr>all&lt;x</bdi>')
  })

  it('sets variables in italics, words upright, and subscripts', () => {
    expect(formula('max_i |m_i − 1| < 2').markup).toBe(
      'max<sub><var>i</var></sub> |<var>m</var><sub><var>i</var></sub> − 1| &lt; 2',
    )
  })
})
