export { digest } from './digest.js'
export * from './errors.js'
export { version } from './native/binding.cjs'
export {
  auditOuterGradient,
  auditOuterGradientSync,
  type CoordinateAudit,
  type GradientAudit,
  type GradientAuditAsyncOptions,
  type GradientAuditOptions,
} from './outer/audit.js'
export { type OuterConfigBuilder, type OuterConfiguration, outerConfig } from './outer/config.js'
export * from './outer/defaults.js'
export { type OuterFailureDetails, OuterSearchError } from './outer/errors.js'
export { interruptedResult } from './outer/interrupted.js'
export { minimizeOuter, minimizeOuterSync } from './outer/minimize.js'
export { minimizeOuterMultistart, type OuterMultistartOptions } from './outer/multistart.js'
export type * from './outer/objective-types.js'
export { type OuterReportOptions, outerReport, outerReportText } from './outer/report.js'
export type * from './outer/result-types.js'
export type * from './outer/types.js'
export * from './qp/problem.js'
export type * from './qp/types.js'
export type * from './report/sqp/document.js'
export {
  AREA_STATUSES,
  type AreasRun,
  areasDefaults,
  areasDigest,
  ExhaustionSums,
} from './reweight/areas.js'
export type * from './reweight/areas-types.js'
export type * from './reweight/bands-types.js'
export type * from './reweight/calibration-types.js'
export type * from './reweight/chunks-types.js'
export {
  bandConfig,
  type ConfigBuilder,
  calibrationConfig,
  type ReweightConfiguration,
  reweightConfig,
} from './reweight/config.js'
export type * from './reweight/explain-types.js'
export type { FormChoice, FormResult } from './reweight/form-choice.js'
export * from './reweight/gold-star.js'
export {
  INTEGER_STATUSES,
  type IntegerDefaults,
  type IntegerOptions,
  type IntegerResult,
  type IntegerStatus,
  type IntegerTarget,
  integerDefaults,
  ROUNDING_METHODS,
  type RoundingMethod,
} from './reweight/integer.js'
export * from './reweight/problem.js'
export * from './reweight/replicates.js'
export type * from './reweight/replicates-types.js'
export * from './reweight/synthetic.js'
export type * from './reweight/types.js'
export { LinearConstraint, NonlinearConstraint } from './sqp/constraints.js'
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnoseMinimize,
  diagnoseMinimizeSync,
  type SignalArtifact,
  type SignalEvaluator,
} from './sqp/diagnose.js'
export { interruptedMinimum } from './sqp/interrupted.js'
export { MINIMIZE_STATUSES, minimize, minimizeSync } from './sqp/minimize.js'
export { minimizeDefaults } from './sqp/options.js'
export { renderSqpReport, type SqpReportHead } from './sqp/report.js'
export type * from './sqp/types.js'
export * from './status.js'
/** Portfolio targets and rebalances. */
export * as rebalance from './targets/index.js'
