import { readFile } from 'node:fs/promises'
import { InputError } from '../errors.js'
import type { CertificateDocument } from '../reweight/certificate-document.js'
import { certificateSchema } from './certificate.js'
import type { DataSelection } from './data-options.js'

/** A certificate as `reweight` writes it, with the selection of the data among its options. */
export interface StoredCertificate extends CertificateDocument {
  options: CertificateDocument['options'] & { bounds: [number, number]; data: DataSelection }
}

/** Reads a certificate and checks the parts that `verify` relies on. */
export async function readCertificate(path: string): Promise<StoredCertificate> {
  const document = await parse(path)
  const isObject = (value: unknown) => typeof value === 'object' && value !== null
  const isPair = (value: unknown) =>
    Array.isArray(value) && value.length === 2 && value.every((x) => typeof x === 'number')
  const { options, inputs, targets } = document
  require(path, 'schema', certificateSchema, document.schema, document.schema === certificateSchema)
  require(path, 'options', 'an object', options, isObject(options))
  require(path, 'options.penalty', 'a number', options.penalty, typeof options.penalty === 'number')
  require(path, 'options.tolerance', 'a number', options.tolerance, typeof options.tolerance === 'number')
  require(path, 'options.bounds', 'two numbers', options.bounds, isPair(options.bounds))
  require(path, 'options.data', 'an object', options.data, isObject(options.data) &&
    Array.isArray(options.data.children))
  require(path, 'inputs.files', 'a list', inputs?.files, Array.isArray(inputs?.files))
  require(path, 'targets', 'a list', targets, Array.isArray(targets))
  targets.forEach((target, j) => {
    require(path, `targets[${j}].dual`, 'two numbers', target?.dual, isPair(target?.dual))
  })
  return document
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

function require(path: string, field: string, expected: string, received: unknown, isRight: boolean): void {
  if (isRight) return
  const shown = received === undefined ? 'nothing' : JSON.stringify(received)
  throw new InputError('format', { path: `${path}: ${field}`, expected, received: shown })
}
