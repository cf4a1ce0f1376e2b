import { InputError } from '../errors.js'
import type { Settings } from './settings.js'
import { columnOf, type LoadedInput, zonesOf } from './tables.js'

/** Which zones lie in which: the crosswalk as seen from the seed geography. */
export class Geography {
  readonly #settings: Settings
  readonly #crosswalk: LoadedInput

  constructor(settings: Settings, crosswalk: LoadedInput) {
    this.#settings = settings
    this.#crosswalk = crosswalk
    columnOf(crosswalk, settings.seedGeography)
  }

  /** True for geographies whose zones are parts of seed zones. */
  isBelowSeed(geography: string): boolean {
    const { geographies, seedGeography } = this.#settings
    return geographies.indexOf(geography) > geographies.indexOf(seedGeography)
  }

  isAboveSeed(geography: string): boolean {
    const { geographies, seedGeography } = this.#settings
    return geographies.indexOf(geography) < geographies.indexOf(seedGeography)
  }

  /** The seed zone of each zone of a smaller geography. */
  seedOf(geography: string): Map<string, string> {
    const seeds = zonesOf(this.#crosswalk, this.#settings.seedGeography)
    const found = new Map<string, string>()
    zonesOf(this.#crosswalk, geography).forEach((zone, row) => {
      const earlier = found.get(zone)
      if (earlier !== undefined && earlier !== seeds[row]) {
        throw new InputError('conflict', {
          path: `${this.#crosswalk.path}[${row}].${geography}`,
          expected: `${geography} ${zone} in one ${this.#settings.seedGeography}`,
          received: `${earlier} and ${seeds[row]}`,
        })
      }
      found.set(zone, seeds[row]!)
    })
    return found
  }

  /** The seed zones in each zone of a larger geography. */
  seedsIn(geography: string): Map<string, Set<string>> {
    const seeds = zonesOf(this.#crosswalk, this.#settings.seedGeography)
    const found = new Map<string, Set<string>>()
    zonesOf(this.#crosswalk, geography).forEach((zone, row) => {
      const members = found.get(zone) ?? new Set()
      found.set(zone, members.add(seeds[row]!))
    })
    return found
  }
}
