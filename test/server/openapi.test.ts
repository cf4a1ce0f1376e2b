import Ajv from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { schemas } from '../../ts/server/schemas.js'
import { analyze, defaults, simulate, targets } from '../../ts/targets/index.js'
import { impossible, request } from './request.js'

const ajv = new Ajv.Ajv2020({ strict: false })
const known = { $id: 'api', components: { schemas } }
ajv.addSchema(known)
const check = (name: string, value: unknown) => {
  const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` })
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true)
}

describe('the schemas', () => {
  it('know every option, and every default is valid', () => {
    expect(Object.keys((schemas.RebalanceOptions as { properties: object }).properties).sort()).toEqual(
      Object.keys(defaults()).sort(),
    )
    check('RebalanceOptions', defaults())
  })

  it('describe requests and results', () => {
    for (const body of [request(), impossible()]) {
      check('RebalanceRequest', body)
      check('RebalanceResult', simulate(body as never))
      check('TargetsResult', targets(body as never))
    }
    const { options, ...snapshot } = request()
    const body = { ...snapshot, scenarios: { base: { options } } }
    check('AnalyzeRequest', body)
    check('AnalyzeResult', analyze(body as never))
  })
})
