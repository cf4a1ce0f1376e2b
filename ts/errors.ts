/** What every error of this package carries beside its message. */
export interface ErrorDetails {
  /** The place of the fault in what the caller passed: `targets[3].total`. */
  path?: string
  /** What would have been right there. */
  expected?: string
  /** What was there. */
  received?: string
  /** The error that this one reports. */
  cause?: unknown
}

/** Base of every error that equipoise throws. A numerical failure is no error: it is a `status` of the result. */
export class EquipoiseError extends Error {
  /** A stable word for programs: `dimension`, `not_finite`, `unknown_column`, … */
  readonly code: string
  declare readonly path?: string
  declare readonly expected?: string
  declare readonly received?: string

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    // On the prototype a name would be lost in a subclass; an enumerable one would be printed twice.
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true })
    this.code = code
    if (details.path !== undefined) this.path = details.path
    if (details.expected !== undefined) this.expected = details.expected
    if (details.received !== undefined) this.received = details.received
  }
}

/**
 * The caller's data or options are wrong; the message names the place, what was expected and what was received. Codes:
 *
 * - of values: `not_finite`, `out_of_range`, `empty`, `duplicate`, `dimension` (lengths that differ), `too_large`
 * - of problems: `singular` (a form that is undefined), `not_unique` (more than one answer), `conflict` (two options at once)
 * - of JavaScript: `wrong_type`, `unknown_option`, `detached` (memory that is gone)
 * - of files: `file`, `format`, `sql`, `unknown_table`, `unknown_column`, `missing_value`, `orphan` (a child without a record),
 *   `expression` (Python that has no translation)
 */
export class InputError extends EquipoiseError {
  declare readonly path: string
  declare readonly expected: string
  declare readonly received: string

  constructor(code: string, details: { path: string; expected: string; received: string; cause?: unknown }) {
    super(code, `${details.path}: expected ${details.expected}, received ${details.received}`, details)
  }
}

/** A defect of equipoise itself, such as a panic in the native code. Please report it. */
export class InternalError extends EquipoiseError {
  constructor(message: string, details: Pick<ErrorDetails, 'cause'> = {}) {
    super('internal', message, details)
  }
}

/** How far the rejection of a point reaches. */
export interface RejectionDetails {
  /**
   * - `point`, the default: the solver tries another step
   * - `seed`: the solver stops, and its start has failed
   * - `fixedPoint`: fixed-point steps are not valid here, and a solver that uses gradients goes on
   */
  readonly scope?: 'point' | 'seed' | 'fixedPoint'
  /** A defect of the inner problem that other starts may share (rank, aliasing): short name, inner block, the number that shows it. */
  readonly defect?: { readonly diagnosis: string; readonly block: string; readonly magnitude?: number }
}

/**
 * Thrown by an objective at a point where it cannot be evaluated although the problem is sound (an inner solve that does not converge, say).
 * The solver goes on elsewhere; anything else that an objective throws ends the run and reaches the caller unchanged.
 */
export class RejectedPoint extends EquipoiseError {
  // Unlike `instanceof`, a private name can be looked for in any value without running code of that value.
  readonly #details: RejectionDetails

  /** @param reason goes into the records of the run. */
  constructor(reason: string, details: RejectionDetails = {}) {
    super('rejected', reason)
    this.#details = details
  }

  /** @internal The rejection as native code reads it; undefined for any other value. */
  static read(value: unknown): string | undefined {
    if (typeof value !== 'object' || value === null || !(#details in value)) return undefined
    return JSON.stringify({ scope: 'point', ...value.#details, reason: value.message })
  }
}

/** A problem was used after `dispose()`. */
export class DisposedError extends EquipoiseError {
  constructor(what: string) {
    super('disposed', `${what} was used after dispose()`)
  }
}
