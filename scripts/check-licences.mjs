// Fails if a crate or an npm package has a licence that is not on the list of deny.toml, or none that it states.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import parse from 'spdx-expression-parse'
import { fail, outputOf, root } from './process.mjs'

const allowed = new Set(allowList(readFileSync(join(root, 'deny.toml'), 'utf8')))
/** For tools of development, which nobody receives from us. */
const allowedInDevelopment = new Set([
  'BlueOak-1.0.0', // lru-cache
  'CC-BY-3.0', // spdx-exceptions: a list of names
  'CC0-1.0', // spdx-license-ids: a list of names
  'MPL-2.0', // lightningcss, under vite
  'PSF-2.0', // argparse, under @napi-rs/cli
])

const faults = [...crates(), ...packages()].filter((dependency) => !isAllowed(dependency))
if (faults.length > 0) {
  const list = faults.map(({ name, licence }) => `  ${name}: ${licence ?? 'states no licence'}`)
  fail(`Licences that are not on the list of deny.toml:\n${list.join('\n')}`)
}

function allowList(toml) {
  const list = toml.match(/^allow = \[([^\]]*)\]/m)?.[1]
  if (list === undefined) fail('deny.toml has no list `allow = [...]`')
  return [...list.replaceAll(/#.*/g, '').matchAll(/"([^"]+)"/g)].map((match) => match[1])
}

function crates() {
  const metadata = outputOf('cargo', ['metadata', '--format-version', '1', '--locked'])
  if (metadata === undefined) fail('cargo metadata failed')
  // Old manifests write "MIT/Apache-2.0" for OR.
  return JSON.parse(metadata).packages.map(({ name, version, license }) => ({
    name: `crate ${name} ${version}`,
    licence: license?.replaceAll('/', ' OR '),
  }))
}

/** What is installed speaks for itself; a package for another platform is known from the lock alone. */
function packages() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(lock.packages).map(([location, entry]) => {
    const manifest = join(root, location, 'package.json')
    const { license } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : entry
    return {
      name: `package ${location.replace(/^.*node_modules\//, '') || entry.name} ${entry.version}`,
      licence: typeof license === 'object' ? license.type : license,
      development: entry.dev === true || entry.devOptional === true,
    }
  })
}

function isAllowed({ licence, development = false }) {
  const known = (identifier) =>
    allowed.has(identifier) || (development && allowedInDevelopment.has(identifier))
  const holds = (node) => {
    if (node.conjunction === 'or') return holds(node.left) || holds(node.right)
    if (node.conjunction === 'and') return holds(node.left) && holds(node.right)
    return known(node.exception ? `${node.license} WITH ${node.exception}` : node.license)
  }
  try {
    return holds(parse(licence))
  } catch {
    // No licence, or words that are no SPDX expression ("SEE LICENSE IN …").
    return false
  }
}
