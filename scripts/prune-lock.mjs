// Makes package-lock.json fit to commit; run it after every `npm install` that changed the lock.
//
// 1. `npm install` writes optional dependencies into the lock even where the registry serves no such package (platform
//    packages that were never published). `npm ci` then refuses the lock: "Missing: X@ from lock file". They are dropped.
// 2. `resolved` names the registry that this computer happened to use. npm finds the tarball without it, and `integrity`
//    still pins the content.
//
// `--check` changes nothing and fails if there is something to do.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const before = readFileSync(file, 'utf8')
const lock = JSON.parse(before)

/** Node's resolution: `name` in the node_modules of `location` or of any package above it. */
function isInLock(location, name) {
  const parents = location === '' ? [] : location.split('/node_modules/')
  for (let depth = parents.length; depth >= 0; depth--) {
    const folder = parents.slice(0, depth).join('/node_modules/')
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true
  }
  return false
}

for (const [location, entry] of Object.entries(lock.packages)) {
  delete entry.resolved
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!isInLock(location, name)) delete entry.optionalDependencies[name]
  }
  if (entry.optionalDependencies && Object.keys(entry.optionalDependencies).length === 0) {
    delete entry.optionalDependencies
  }
}

const after = `${JSON.stringify(lock, null, 2)}\n`
if (after === before) {
  console.log('package-lock.json is pruned')
} else if (process.argv.includes('--check')) {
  console.error('package-lock.json is not pruned: run `node scripts/prune-lock.mjs`')
  process.exit(1)
} else {
  writeFileSync(file, after)
  console.log('package-lock.json pruned')
}
