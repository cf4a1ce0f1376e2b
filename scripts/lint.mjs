// Every static check of both languages. `npm test` runs it before the tests; `npm run format` repairs what it can.
import { fileURLToPath } from 'node:url'
import { binOf, run } from './process.mjs'
import { setup } from './setup.mjs'

export function lint() {
  const node = process.execPath
  run('Rust format', 'cargo', ['fmt', '--all', '--check'])
  run('TypeScript format and lint', node, [
    binOf('@biomejs/biome', 'biome'),
    'check',
    '--error-on-warnings',
    '.',
  ])
  run('TypeScript types', node, [binOf('typescript', 'tsc'), '-p', 'tsconfig.test.json'])
  run('Lock file', node, ['scripts/prune-lock.mjs', '--check'])
  run('Licences', node, ['scripts/check-licences.mjs'])
  run('Rust lint', 'cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup()
  lint()
}
