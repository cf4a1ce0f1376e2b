// `npm start`: from a fresh clone to the main job.
import { run } from './process.mjs'
import { setup } from './setup.mjs'

setup()
mainJob()

function mainJob() {
  run('equipoise', process.execPath, ['dist/cli/main.js', '--help'])
}
