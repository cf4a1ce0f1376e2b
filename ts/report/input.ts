import { InputError } from '../errors.js'
import type { AnyDocument } from '../reweight/certificate-document.js'

export interface ReportInput {
  title: string
  /** Shown as it is. Left out, the report depends on nothing but the result, so that it is the same bytes each time. */
  generatedAt?: string
  certificate: AnyDocument
  /** n; NaN where the method failed. */
  multipliers: Float64Array
  /** n design weights. */
  weightsBefore: Float64Array
  /** n; weightsAfter[i] = weightsBefore[i] * multipliers[i]. */
  weightsAfter: Float64Array
  /** n; left out, records are named by their row number, counted from 1. */
  recordIds?: ArrayLike<string | number | bigint>
  /** Name of the id column. */
  recordIdName?: string
  goldStar?: GoldStar
  /** The command that rechecks this very result; left out, its general form is shown. */
  verifyCommand?: string
}

/** Comparison with published weights: numpy `allclose` semantics, |ours - reference| <= atol + rtol |reference|. */
export interface GoldStar {
  /** The verdict in words. */
  sentence: string
  allclose: boolean
  numRecords: number
  numOutside: number
  largestAbsoluteDifference: number
  largestRelativeDifference: number
  /** True if the distance exceeds our certified bound: then the reference is not the optimum. */
  referenceIsNotOptimal: boolean | null
  rtol?: number
  atol?: number
  /** File name of the reference. */
  reference?: string
  worst?: readonly {
    record: number
    ours: number
    reference: number
    absoluteDifference: number
    allowed: number
  }[]
}

/** A record by its id, or by its row number where there are no ids. */
export function recordLabel(input: ReportInput, record: number): string {
  return input.recordIds ? String(input.recordIds[record]) : `row ${record + 1}`
}

/** Throws if the arrays do not belong together: a report on misaligned records would be wrong without a sign of it. */
export function assertAligned(input: ReportInput): void {
  const numRecords = input.certificate.inputs.numRecords
  const arrays = {
    multipliers: input.multipliers,
    weightsBefore: input.weightsBefore,
    weightsAfter: input.weightsAfter,
    recordIds: input.recordIds,
  }
  for (const [name, array] of Object.entries(arrays)) {
    if (array && array.length !== numRecords) {
      throw new InputError('dimension', {
        path: name,
        expected: `${numRecords} entries, as certificate.inputs.numRecords says`,
        received: String(array.length),
      })
    }
  }
}
