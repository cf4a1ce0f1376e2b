import { type Command, Option } from 'commander'
import { type ReweightMethod, type ReweightOptions, reweightConfig, reweightDefaults } from '../index.js'
import { parseBounds, parseCount, parseNumber } from './arguments.js'

/** The options that say which weights are sought, as commander returns them: those of `reweight` and of `areas`. */
export interface FormOptions {
  penalty?: number
  bounds?: [number, number]
  method?: ReweightMethod
  tolerance?: number
  maxIterations?: number
  timeLimit?: number
}

/** The form of the problem and the limits of its solve, every default filled in. */
export interface FormSettings {
  penalty: number
  bounds: readonly [lower: number, upper: number]
  method: ReweightMethod
  tolerance: number
  maxIterations: number | null
  timeLimitSeconds: number | null
}

export function addFormOptions(command: Command): Command {
  const defaults = reweightDefaults()
  const options = [
    new Option(
      '--penalty <number>',
      `weight of staying near the design weights, above 0 (default: ${defaults.penalty})`,
    ).argParser(parseNumber),
    new Option(
      '--bounds <lower,upper>',
      `limits of the multipliers (default: ${defaults.bounds.join(',')})`,
    ).argParser(parseBounds),
    new Option('--method <name>', `auto, newton, lbfgsb or clarabel (default: ${defaults.method})`).choices([
      'auto',
      'newton',
      'lbfgsb',
      'clarabel',
    ]),
    new Option(
      '--tolerance <number>',
      `certified distance of every multiplier to the optimum that counts as converged (default: ${defaults.tolerance})`,
    ).argParser(parseNumber),
    new Option('--max-iterations <count>', "iterations of each method (default: the method's own)").argParser(
      parseCount,
    ),
    new Option(
      '--time-limit <seconds>',
      'end with the best weights after this time (default: none)',
    ).argParser(parseNumber),
  ]
  for (const option of options) command.addOption(option)
  return command
}

/** The settings, judged before any file is read. */
export function formSettings(options: FormOptions & { threads?: number }): FormSettings {
  const defaults = reweightDefaults()
  const settings = {
    penalty: options.penalty ?? defaults.penalty,
    bounds: options.bounds ?? defaults.bounds,
    method: options.method ?? defaults.method,
    tolerance: options.tolerance ?? defaults.tolerance,
    maxIterations: options.maxIterations ?? null,
    timeLimitSeconds: options.timeLimit ?? null,
  }
  reweightConfig()
    .bounds(...settings.bounds)
    .options(solveOptions(settings, options.threads))
  return settings
}

/** What the solver is given. */
export const solveOptions = (settings: FormSettings, threads: number | undefined): ReweightOptions => ({
  penalty: settings.penalty,
  method: settings.method,
  tolerance: settings.tolerance,
  ...(settings.maxIterations === null ? {} : { maxIterations: settings.maxIterations }),
  ...(settings.timeLimitSeconds === null ? {} : { timeLimitSeconds: settings.timeLimitSeconds }),
  ...(threads === undefined ? {} : { threads }),
})
