import { type Command, Option } from 'commander'
import type { ProblemColumns } from '../data/problem.js'
import { InputError } from '../errors.js'
import {
  type Band,
  type BandMethod,
  type BandOverride,
  type BandWeight,
  bandDefaults,
  CALIBRATION_DISTANCES,
  type CalibrationDistance,
  calibrationDefaults,
  type ReweightMethod,
  reweightConfig,
  reweightDefaults,
} from '../index.js'
import {
  append,
  parseBand,
  parseBandOverride,
  parseBandWeight,
  parseBounds,
  parseCount,
  parseNumber,
} from './arguments.js'
import { inTermsOfOptions } from './native-problem.js'

export type Form = 'penalty' | 'bands' | 'calibrate'

/** The options that say which weights are sought, as commander returns them: those of `reweight` and of `areas`. */
export interface FormOptions {
  form: Form
  bounds?: [number, number]
  method?: ReweightMethod | BandMethod
  tolerance?: number
  maxIterations?: number
  timeLimit?: number
  grouping: boolean
  penalty?: number
  band?: Band
  bandOverride?: BandOverride[]
  elastic?: BandWeight
  zeroTolerance?: number
  importance?: string
  importanceAs?: 'weight' | 'rank'
  distanceWeight?: string
  distance?: CalibrationDistance
  alpha?: number
  qWeight?: string
  cluster?: string
  cost?: string
}

interface CommonSettings {
  bounds: readonly [lower: number, upper: number]
  tolerance: number
  timeLimitSeconds: number | null
  /** Whether identical records are solved as one. */
  groupIdentical: boolean
}

/** Options of a penalty solve with every default filled in. */
export interface PenaltySettings extends CommonSettings {
  form: 'penalty'
  penalty: number
  method: ReweightMethod
  /** null: the method's own. */
  maxIterations: number | null
}

export interface BandSettings extends CommonSettings {
  form: 'bands'
  band: Band
  overrides: BandOverride[]
  zeroTolerance: number | null
  weight: BandWeight
  /** What the importance column is used for; null without one. */
  importanceAs: 'weight' | 'rank' | null
  method: BandMethod
  maxIterations: number | null
  columns: Pick<ProblemColumns, 'importance' | 'distanceWeight'>
}

export interface CalibrationSettings extends CommonSettings {
  form: 'calibrate'
  distance: CalibrationDistance
  /** null with any distance but `sinh`. */
  alpha: number | null
  maxIterations: number
  columns: Pick<ProblemColumns, 'qWeight' | 'cluster' | 'cost'>
}

export type FormSettings = PenaltySettings | BandSettings | CalibrationSettings

export function addFormOptions(command: Command): Command {
  const penalty = reweightDefaults()
  const bands = bandDefaults()
  const calibration = calibrationDefaults()
  const options = [
    new Option('--form <name>', 'penalty, bands or calibrate')
      .choices(['penalty', 'bands', 'calibrate'])
      .default('penalty'),
    new Option(
      '--bounds <lower,upper>',
      `limits of the multipliers (default: ${penalty.bounds.join(',')}); of the calibrations only truncated and logit have any`,
    ).argParser(parseBounds),
    new Option(
      '--tolerance <number>',
      `certified distance of every multiplier to the optimum that counts as converged (default: ${penalty.tolerance})`,
    ).argParser(parseNumber),
    new Option(
      '--method <name>',
      `penalty: auto, newton, lbfgsb or clarabel; bands: auto, proximal_newton or clarabel (default: ${penalty.method})`,
    ).choices(['auto', 'newton', 'lbfgsb', 'clarabel', 'proximal_newton']),
    new Option('--max-iterations <count>', "iterations of each method (default: the method's own)").argParser(
      parseCount,
    ),
    new Option(
      '--time-limit <seconds>',
      'end with the best weights after this time (default: none)',
    ).argParser(parseNumber),
    new Option(
      '--no-grouping',
      'do not solve identical records as one; the weights of a certified answer do not depend on it',
    ),
    new Option(
      '--penalty <number>',
      `penalty: weight of staying near the design weights, above 0 (default: ${penalty.penalty})`,
    ).argParser(parseNumber),
    new Option(
      '--band <tolerance>',
      `bands: how far a total may be from its target: 0.5%, 0.005, abs:100 or LOWER..UPPER (default: ${bands.band})`,
    ).argParser(parseBand),
    new Option(
      '--band-override <pattern=band[@weight][,optional]>',
      "bands: another band, @weight or @hard for the targets of that name, * and ? standing for any; the later wins; one that matches nothing is an error unless ',optional'; repeatable",
    ).argParser(append(parseBandOverride)),
    new Option(
      '--elastic <weight>',
      `bands: cost of the squared miss of a band, relative to the target; hard: none may be missed (default: ${bands.weight})`,
    ).argParser(parseBandWeight),
    new Option(
      '--zero-tolerance <number>',
      'bands: how far the total of a target of 0 may be from it, in its units',
    ).argParser(parseNumber),
    new Option(
      '--importance <column>',
      'bands: column of the targets that multiplies the weight of each (empty: 1)',
    ),
    new Option(
      '--importance-as <use>',
      'bands: weight, or rank: the most important bands are met first, as far as can be, then the next (default: weight)',
    ).choices(['weight', 'rank']),
    new Option(
      '--distance-weight <column>',
      'bands: column of the records with the cost of the squared change of each multiplier (default: 1)',
    ),
    new Option(
      '--distance <name>',
      `calibrate: ${CALIBRATION_DISTANCES.join(', ')} (default: ${calibration.distance})`,
    ).choices(CALIBRATION_DISTANCES),
    new Option(
      '--alpha <number>',
      `calibrate: parameter of the distance sinh (default: ${calibration.alpha})`,
    ).argParser(parseNumber),
    new Option(
      '--q-weight <column>',
      'calibrate: column of the records; the distance of a record counts weight/q',
    ),
    new Option(
      '--cluster <column>',
      'calibrate: column of the records; those of one cluster get one multiplier',
    ),
    new Option(
      '--cost <column>',
      'calibrate: column of the targets with the cost of the squared miss of each (empty: the total is exact)',
    ),
  ]
  for (const option of options) command.addOption(option)
  return command
}

/** The forms that an option belongs to, where it is not all of them. */
const formsOf: Partial<Record<keyof FormOptions, readonly Form[]>> = {
  method: ['penalty', 'bands'],
  penalty: ['penalty'],
  band: ['bands'],
  bandOverride: ['bands'],
  elastic: ['bands'],
  zeroTolerance: ['bands'],
  importance: ['bands'],
  importanceAs: ['bands'],
  distanceWeight: ['bands'],
  distance: ['calibrate'],
  alpha: ['calibrate'],
  qWeight: ['calibrate'],
  cluster: ['calibrate'],
  cost: ['calibrate'],
}

const methodsOf: Record<Form, readonly string[]> = {
  penalty: ['auto', 'newton', 'lbfgsb', 'clarabel'],
  bands: ['auto', 'proximal_newton', 'clarabel'],
  calibrate: [],
}

/** The settings of the form asked for, judged as far as they can be before any file is read. */
export function formSettings(options: FormOptions): FormSettings {
  checkForm(options)
  try {
    return settingsOf(options)
  } catch (error) {
    throw inTermsOfOptions(error)
  }
}

function settingsOf(options: FormOptions): FormSettings {
  const bounds = options.bounds ?? reweightDefaults().bounds
  const timeLimitSeconds = options.timeLimit ?? null
  const settings = { bounds, timeLimitSeconds, groupIdentical: options.grouping }
  // The bounds are the problem's, whatever its form.
  reweightConfig().bounds(...bounds)
  switch (options.form) {
    case 'penalty':
      return penaltySettings(options, settings)
    case 'bands':
      return bandSettings(options, settings)
    case 'calibrate':
      return calibrationSettings(options, settings)
  }
}

function checkForm(options: FormOptions): void {
  const { form, method, distance, alpha } = options
  for (const [name, forms] of Object.entries(formsOf)) {
    if (options[name as keyof FormOptions] === undefined || forms.includes(form)) continue
    throw conflict(flag(name), `--form ${forms.join(' or ')}`, `--form ${form}`)
  }
  if (method !== undefined && !methodsOf[form].includes(method)) {
    throw conflict('--method', methodsOf[form].join(', '), `${method} with --form ${form}`)
  }
  if (options.importanceAs !== undefined && options.importance === undefined) {
    throw conflict('--importance-as', '--importance COLUMN', 'none')
  }
  if (alpha !== undefined && distance !== 'sinh') {
    throw conflict('--alpha', '--distance sinh', `--distance ${distance ?? calibrationDefaults().distance}`)
  }
}

const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

const conflict = (path: string, expected: string, received: string) =>
  new InputError('conflict', { path, expected, received })

type Shared = Pick<CommonSettings, 'bounds' | 'timeLimitSeconds' | 'groupIdentical'>

function penaltySettings(options: FormOptions, shared: Shared): PenaltySettings {
  const defaults = reweightDefaults()
  const settings: PenaltySettings = {
    form: 'penalty',
    ...shared,
    penalty: options.penalty ?? defaults.penalty,
    method: (options.method as ReweightMethod | undefined) ?? defaults.method,
    tolerance: options.tolerance ?? defaults.tolerance,
    maxIterations: options.maxIterations ?? null,
  }
  const { penalty, method, tolerance } = settings
  reweightConfig().options({ penalty, method, tolerance, ...conduct(settings) })
  return settings
}

function bandSettings(options: FormOptions, shared: Shared): BandSettings {
  const defaults = bandDefaults()
  const { importance, distanceWeight } = options
  return {
    form: 'bands',
    ...shared,
    band: options.band ?? defaults.band,
    overrides: options.bandOverride ?? [],
    zeroTolerance: options.zeroTolerance ?? null,
    weight: options.elastic ?? defaults.weight,
    importanceAs: importance === undefined ? null : (options.importanceAs ?? 'weight'),
    method: (options.method as BandMethod | undefined) ?? defaults.method,
    tolerance: options.tolerance ?? defaults.tolerance,
    maxIterations: options.maxIterations ?? null,
    columns: { importance, distanceWeight },
  }
}

function calibrationSettings(options: FormOptions, shared: Shared): CalibrationSettings {
  const defaults = calibrationDefaults()
  const { qWeight, cluster, cost } = options
  const distance = options.distance ?? defaults.distance
  return {
    form: 'calibrate',
    ...shared,
    distance,
    alpha: distance === 'sinh' ? (options.alpha ?? defaults.alpha) : null,
    tolerance: options.tolerance ?? defaults.tolerance,
    maxIterations: options.maxIterations ?? defaults.maxIterations,
    columns: { qWeight, cluster, cost },
  }
}

/** How the solver goes about it: its limits that are not null, and whether it groups records. */
export const conduct = ({
  maxIterations,
  timeLimitSeconds,
  groupIdentical,
}: {
  maxIterations: number | null
  timeLimitSeconds: number | null
  groupIdentical: boolean
}) => ({
  groupIdentical,
  ...(maxIterations === null ? {} : { maxIterations }),
  ...(timeLimitSeconds === null ? {} : { timeLimitSeconds }),
})
