// The choice of a form, for batches.
import type { NativeForm } from '../native/binding.cjs'
import { isObject, wrongType } from '../validate.js'
import { nativeBandOptions } from './bands-options.js'
import type { BandResult, BandSyncOptions } from './bands-types.js'
import { nativeCalibrationOptions } from './calibration-options.js'
import type { CalibrationResult, CalibrationSyncOptions } from './calibration-types.js'
import { nativeOptions } from './convert.js'
import { conflict } from './options.js'
import type { ReweightResult, ReweightSyncOptions } from './types.js'

/** Which form a batch solves, with the options of that form; `threads` of these are not used, the batch has its own. */
export interface FormChoice {
  /** `penalty` is `solve`, `bands` is `solveBands`, `calibrate` is `calibrate`. */
  readonly form: 'penalty' | 'bands' | 'calibrate'
  /** Only with form `penalty`. */
  readonly penalty?: ReweightSyncOptions
  /** Only with form `bands`. */
  readonly bands?: BandSyncOptions
  /** Only with form `calibrate`. */
  readonly calibration?: CalibrationSyncOptions
}

/** An answer of the form that was chosen. */
export type FormResult = ReweightResult | BandResult | CalibrationResult

/** The names of a form choice among other options. */
export const formNames = ['form', 'penalty', 'bands', 'calibration'] as const

const optionsOf = { penalty: 'penalty', bands: 'bands', calibrate: 'calibration' } as const

/** The form, checked. */
export function nativeForm(choice: FormChoice): NativeForm {
  if (!Object.hasOwn(optionsOf, choice.form)) {
    throw wrongType('form', "'penalty', 'bands' or 'calibrate'", choice.form)
  }
  const chosen = optionsOf[choice.form]
  for (const name of Object.values(optionsOf)) {
    const options = choice[name]
    if (options === undefined) continue
    if (name !== chosen) throw conflict(name, `no ${name} beside form '${choice.form}'`, 'both')
    if (!isObject(options)) throw wrongType(name, 'an object', options)
  }
  return {
    penalty: chosen === 'penalty' ? nativeOptions(choice.penalty ?? {}, true) : null,
    bands: chosen === 'bands' ? nativeBandOptions(choice.bands ?? {}, true) : null,
    calibration: chosen === 'calibration' ? nativeCalibrationOptions(choice.calibration ?? {}, true) : null,
  }
}
