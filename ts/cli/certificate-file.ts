import { readFile } from 'node:fs/promises'
import { InputError } from '../errors.js'
import type { BandDocument } from '../reweight/band-document.js'
import type { CalibrationDocument } from '../reweight/calibration-document.js'
import type { AnyDocument, CertificateDocument } from '../reweight/certificate-document.js'
import { bandSchema } from './band-certificate.js'
import { calibrationSchema } from './calibration-certificate.js'
import { certificateSchema } from './certificate.js'
import type { DataSelection } from './data-options.js'

interface StoredOptions {
  options: { data: DataSelection }
}

/** A certificate as `reweight` writes it, with the selection of the data among its options. */
export type StoredCertificate = (CertificateDocument | BandDocument | CalibrationDocument) & StoredOptions

type Check = (field: string, expected: string, received: unknown, isRight: boolean) => void

/** Reads a certificate and checks the parts that `verify` relies on. */
export async function readCertificate(path: string): Promise<StoredCertificate> {
  const document = await parse(path)
  const check: Check = (field, expected, received, isRight) => {
    if (isRight) return
    const shown = received === undefined ? 'nothing' : JSON.stringify(received)
    throw new InputError('format', { path: `${path}: ${field}`, expected, received: shown })
  }
  const { options, inputs, targets } = document
  const schemas = [certificateSchema, bandSchema, calibrationSchema]
  check('schema', schemas.join(' or '), document.schema, schemas.includes(document.schema))
  check('options', 'an object', options, isObject(options))
  check('options.tolerance', 'a number', options.tolerance, typeof options.tolerance === 'number')
  check(
    'options.data',
    'an object',
    options.data,
    isObject(options.data) && Array.isArray(options.data.children),
  )
  checkForm(document, check)
  check('inputs.files', 'a list', inputs?.files, Array.isArray(inputs?.files))
  check('targets', 'a list', targets, Array.isArray(targets))
  targets.forEach((target, j) => {
    check(`targets[${j}].dual`, 'two numbers', target?.dual, isPair(target?.dual))
  })
  return document
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null

const isPair = (value: unknown) =>
  Array.isArray(value) && value.length === 2 && value.every((x) => typeof x === 'number')

function checkForm(document: AnyDocument, check: Check): void {
  const { bounds } = document.options
  switch (document.schema) {
    case certificateSchema:
      check('options.bounds', 'two numbers', bounds, isPair(bounds))
      check(
        'options.penalty',
        'a number',
        document.options.penalty,
        typeof document.options.penalty === 'number',
      )
      return
    case bandSchema:
      check('options.bounds', 'two numbers', bounds, isPair(bounds))
      check(
        'options.overrides',
        'a list',
        document.options.overrides,
        Array.isArray(document.options.overrides),
      )
      break
    case calibrationSchema:
      check('options.bounds', 'two numbers, or null', bounds, bounds === null || isPair(bounds))
      check(
        'options.distance',
        'a name',
        document.options.distance,
        typeof document.options.distance === 'string',
      )
  }
  if (document.status !== 'infeasible') return
  const direction = document.infeasibility?.direction
  check(
    'infeasibility.direction',
    'a list of numbers',
    direction,
    Array.isArray(direction) && direction.every((factor) => typeof factor === 'number'),
  )
}

async function parse(path: string): Promise<StoredCertificate> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new InputError('file', {
      path: '--certificate',
      expected: 'a readable file',
      received: `${path} (${cause.message})`,
      cause,
    })
  })
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document === 'object' && document !== null) return document as StoredCertificate
    throw new SyntaxError('not an object')
  } catch (cause) {
    const received = `${path} (${cause instanceof Error ? cause.message : String(cause)})`
    throw new InputError('format', { path: '--certificate', expected: 'a JSON object', received, cause })
  }
}
