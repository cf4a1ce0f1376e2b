import { expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { version } from '../ts/index.js'

it('runs the addon of this very version', () => {
  expect(version()).toBe(manifest.version)
})
