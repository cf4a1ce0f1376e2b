import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { InputError } from '../../ts/errors.js'
import { renderReport } from '../../ts/report/render.js'
import type { DocumentTarget } from '../../ts/reweight/certificate-document.js'
import { nationalFixture, type PenaltyInput, unfinishedFixture } from './fixture.js'

describe('the report of a national reweighting', () => {
  let page: string
  beforeAll(async () => {
    page = await renderReport(nationalFixture())
  })

  it('loads nothing: no address, no import, no external resource', () => {
    expectNone(page, /https?:/i)
    expectNone(page, /\bsrc\s*=|@import|url\(|<link|<iframe|<object|<embed/i)
    for (const [, target] of page.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^#/)
  })

  it('allows its own script by hash and no other', () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
    const hash = createHash('sha256').update(script).digest('base64')
    expectToContain(page, `default-src &#39;none&#39;; script-src &#39;sha256-${hash}&#39;;`)
    expect(page.match(/<script/g)).toHaveLength(1)
    expectNone(page, /\son[a-z]+="/)
  })

  it('is the same bytes each time', async () => {
    expect((await renderReport(nationalFixture())) === page).toBe(true)
  })

  it('has unique ids, and every link and label points at one', () => {
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby="|aria-describedby=")([^"]*)"/g)) {
      expect(ids).toContain(target)
    }
  })

  it('lists every target in the static page, the largest error first, impossible ones marked', () => {
    const body = /<tbody id="targets-body">([\s\S]*?)<\/tbody>/.exec(page)?.[1] ?? ''
    const sizes = [...body.matchAll(/<td class="a" title="([^"]*)"/g)].map((match) =>
      Math.abs(Number(match[1])),
    )
    expect(sizes).toHaveLength(634)
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(body.match(/class="tag">impossible/g)).toHaveLength(2)
  })

  it('gives each plot a title and a text in its place, and its data or the way to them', () => {
    const figures = page.match(/<figure[\s\S]*?<\/figure>/g) ?? []
    expect(figures).toHaveLength(6)
    for (const figure of figures) {
      expect(figure).toMatch(/<h3 id="[^"]+">[^<]+<\/h3>/)
      expect(
        figure.match(/<svg class="(?:wide|narrow)" viewBox="[^"]+" role="img" aria-label="[^"]{40,}"/g),
      ).toHaveLength(2)
    }
    const withTable = figures.filter(
      (figure) => figure.includes('<details>') || figure.includes('href="#all-targets"'),
    )
    // The table of the largest changes stands open below its plot.
    expect(withTable).toHaveLength(5)
    expectToContain(page, 'The 25 records whose weight changed most')
  })

  it('says what is proven, with the bound and the tolerance, and how to recheck it', () => {
    expectToContain(page, 'Certified')
    expectToContain(page, '8.9\u00a0×\u00a010⁻¹⁶')
    expectToContain(page, '≤ tolerance <data value="1e-9" title="1e-9">10⁻⁹</data>: <strong>holds</strong>')
    expectToContain(
      page,
      'equipoise verify --certificate certificate.json --weights weights.csv --records records.csv',
    )
    expectToContain(page, '54c24fffd48adee6')
    for (const file of nationalFixture().certificate.inputs.files) expectToContain(page, file.sha256)
  })

  it('stays well below 1.5 MB at the size of the national problem', async () => {
    const national = await renderReport(nationalFixture(225_256))
    expect(Buffer.byteLength(national)).toBeLessThan(1_500_000)
    expect(Buffer.byteLength(national)).toBeLessThan(Buffer.byteLength(page) * 1.05)
  })
})

describe('what users typed', () => {
  const hostile = `<script>alert('x')</script>"&\u0000`
  const escaped = '&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\ufffd'

  it('never becomes markup, wherever it stands', async () => {
    const input = nationalFixture(50, 35)
    const { certificate } = input
    const target: DocumentTarget = {
      ...certificate.targets[0]!,
      name: hostile,
      area: hostile,
      relativeError: 99,
    }
    const page = await renderReport({
      ...input,
      title: hostile,
      generatedAt: hostile,
      recordIds: Array.from({ length: 50 }, () => hostile),
      recordIdName: hostile,
      verifyCommand: hostile,
      goldStar: {
        ...input.goldStar!,
        sentence: hostile,
        reference: hostile,
        worst: [{ record: 0, ours: 1, reference: 2, absoluteDifference: 1, allowed: 0 }],
      },
      certificate: {
        ...certificate,
        message: hostile,
        digest: hostile,
        warnings: [hostile],
        impossibleTargets: [hostile],
        options: { ...certificate.options, targetsWhere: hostile, nested: { [hostile]: hostile } },
        inputs: {
          ...certificate.inputs,
          files: [{ role: hostile, file: hostile, bytes: 1, sha256: hostile }],
        },
        attempts: [{ ...certificate.attempts[0]!, message: hostile }],
        targets: [target, ...certificate.targets],
      },
    })
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page.includes('\u0000')).toBe(false)
    expectToContain(page, `<title>${escaped}: certified</title>`)
    expectToContain(page, `<code>${escaped}</code>`)
    // In the drawings too: vega escapes them itself.
    expect(page.match(/<text[^>]*>&lt;script&gt;alert/)).not.toBeNull()
  })
})

describe('outcomes', () => {
  it.each([
    ['not_certified', 'Not certified', 'it is not proven that they are the best ones', '0.018'],
    ['iteration_limit', 'Stopped early', 'reached its limit of iterations', '0.018'],
    ['cancelled', 'Cancelled', 'was cancelled, or ran out of time', '0.018'],
    ['numerical_failure', 'Failed', 'Do not use these weights', 'not available'],
  ] as const)('%s is stated as what it is, with advice', async (status, badge, headline, bound) => {
    const page = await renderReport(unfinishedFixture(status))
    expectToContain(page, `<p class="badge">${badge}</p>`)
    expectToContain(page, headline)
    expectToContain(page, '<h3>What to try</h3>')
    expectToContain(page, bound)
    expectNone(page, /<strong>holds<|and that is proven|must arrive at the same/)
  })

  it('words stand where numbers are missing, and no NaN or null', async () => {
    const page = await renderReport(unfinishedFixture('numerical_failure'))
    expectToContain(page, '≤ tolerance <data value="1e-9" title="1e-9">10⁻⁹</data>: <strong>unknown</strong>')
    expectToContain(page, 'nothing is proven about them')
    expectToContain(page, '100 values that are not finite numbers are left out')
    expectNone(withoutScript(page), /NaN|\bnull\b|undefined|Infinity/)
  })
})

describe('edge cases', () => {
  const small = (
    numRecords: number,
    numTargets: number,
    change: Partial<PenaltyInput['certificate']> = {},
  ): PenaltyInput => {
    const input = nationalFixture(numRecords, numTargets)
    return { ...input, certificate: { ...input.certificate, warnings: [], ...change } }
  }

  it('one record and one target', async () => {
    const { goldStar, recordIds, ...input } = small(1, 1)
    const page = await renderReport(input)
    expectToContain(page, 'There is 1 record, each with a design weight')
    expectToContain(page, 'Error of each target, before and after')
    expectToContain(page, '>row 1<')
    expectToContain(page, 'There were no warnings.')
    expectNone(page, /gold star/)
  })

  it('nothing at all', async () => {
    const empty = small(0, 0, { attempts: [], history: [], numAtLower: 0, numAtUpper: 0 })
    empty.certificate.inputs.files = []
    const page = await renderReport(empty)
    expectToContain(page, 'The problem has no targets.')
    expectToContain(page, 'No multiplier is a finite number')
    expectToContain(page, 'No method was tried.')
    expectNone(withoutScript(page), /NaN|undefined/)
  })

  it('nothing was changed: all multipliers are 1, all errors zero', async () => {
    const input = small(40, 40)
    input.multipliers.fill(1)
    input.weightsAfter.set(input.weightsBefore)
    const targets = input.certificate.targets.map((target) => ({
      ...target,
      before: target.target,
      after: target.target,
      relativeError: 0,
    }))
    const page = await renderReport({
      ...input,
      certificate: { ...input.certificate, targets, impossibleTargets: [], numAtLower: 0, numAtUpper: 0 },
    })
    expectToContain(page, 'No weight was changed.')
  })

  it('every target impossible, a target of zero, bounds by record', async () => {
    const input = small(30, 2, { impossibleTargets: ['a', 'b'] })
    const base = { before: 0, after: 0, price: 0, dual: [0, 0] as [number, number] }
    const page = await renderReport({
      ...input,
      certificate: {
        ...input.certificate,
        options: { ...input.certificate.options, bounds: null },
        targets: [
          { ...base, name: 'a', target: 10, relativeError: -1 },
          { ...base, name: 'b', target: 0, relativeError: 0 },
        ],
      },
    })
    expectToContain(page, 'There is no target whose total any weights could change.')
    expectToContain(page, 'given for each record')
  })

  it('an error that is no percentage, because its target is zero, says so', async () => {
    const input = small(30, 1)
    const target = { ...input.certificate.targets[0]!, target: 0, before: 7, after: 2.5, relativeError: 2.5 }
    const page = await renderReport({ ...input, certificate: { ...input.certificate, targets: [target] } })
    expectToContain(page, '2.5 (not relative)')
  })

  it('areas get a column of their own', async () => {
    const input = small(30, 4)
    const targets = input.certificate.targets.map((target, j) => ({ ...target, area: `area ${j}` }))
    const page = await renderReport({ ...input, certificate: { ...input.certificate, targets } })
    expectToContain(page, 'data-sort="text">Area</th>')
    expectToContain(page, '<bdi>area 3</bdi>')
  })

  it('refuses arrays that do not belong to the certificate', async () => {
    const input = { ...small(5, 1), weightsAfter: new Float64Array(4) }
    const failure = await renderReport(input).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InputError)
    expect(failure).toMatchObject({ code: 'dimension', path: 'weightsAfter', received: '4' })
  })
})

// A page is too long to be printed when an expectation fails: these say what was looked for, or what was found.
function expectToContain(page: string, text: string): void {
  expect(page.includes(text), `the page contains ${text}`).toBe(true)
}

function expectNone(page: string, pattern: RegExp): void {
  expect(page.match(pattern)?.[0]).toBeUndefined()
}

function withoutScript(page: string): string {
  return page.replace(/<script>[\s\S]*<\/script>/, '')
}
