// What a user gets: the packed tarballs, installed into an empty folder, used from each module system and compiled.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const { version } = readJson(join(root, 'package.json'))
const work = mkdtempSync(join(tmpdir(), 'equipoise-package-'))
const user = join(work, 'user')
let tarball: string
let platformTarball: string

beforeAll(() => {
  mkdirSync(user)
  tarball = pack(root)
  platformTarball = pack(platformPackage())
  write('package.json', JSON.stringify({ private: true }))
  npm(
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball, platformTarball],
    user,
  )
})

afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('the packed package', () => {
  it('holds no addon of its own: that is what the platform packages are for', () => {
    const files = readdirSync(join(user, 'node_modules/equipoise'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => file.endsWith('.node'))).toEqual([])
    expect(files).toContain(join('dist', 'native', 'binding.cjs'))
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE-MIT', 'LICENSE-APACHE', 'CHANGELOG.md', 'README.md']),
    )
  })

  it('is well formed for publint', () => {
    tool('publint', 'publint', [tarball, '--strict'])
  })

  it('has types that resolve wherever it can be imported', () => {
    tool('@arethetypeswrong/cli', 'attw', [tarball, '--profile', 'esm-only'])
  })

  it('is imported from an ES module', () => {
    write('use.mjs', "import { version } from 'equipoise'\nprocess.stdout.write(version())\n")
    expect(node(['use.mjs'])).toBe(version)
  })

  it('is required from a CommonJS module, and is the same module', () => {
    write(
      'use.cjs',
      "const required = require('equipoise')\n" +
        "import('equipoise').then((imported) => process.stdout.write(String(imported.version === required.version)))\n",
    )
    expect(node(['use.cjs'])).toBe('true')
  })

  it('compiles under strict TypeScript from both kinds of module', () => {
    const use = [
      'const answer: string = version()',
      "const error: Error = new InputError('empty', { path: 'a', expected: 'b', received: answer })",
      'throw error',
    ]
    write('use.mts', ["import { InputError, version } from 'equipoise'", ...use].join('\n'))
    write(
      'use.cts',
      ["import equipoise = require('equipoise')", 'const { InputError, version } = equipoise', ...use].join(
        '\n',
      ),
    )
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable'],
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          typeRoots: [join(root, 'node_modules/@types')],
          types: ['node'],
        },
        files: ['use.mts', 'use.cts'],
      }),
    )
    tool('typescript', 'tsc', ['-p', user])
  })

  it('has a command that runs', () => {
    const command = join(user, 'node_modules/equipoise', readJson(join(root, 'package.json')).bin.equipoise)
    expect(node([command, '--version']).trim()).toBe(version)
  })
})

/** The package that carries the addon of this platform, made as the release makes it. */
function platformPackage(): string {
  const project = join(work, 'project')
  mkdirSync(project)
  cpSync(join(root, 'package.json'), join(project, 'package.json'))
  tool('@napi-rs/cli', 'napi', ['create-npm-dirs', '--cwd', project])
  const addon = readdirSync(join(root, 'ts/native')).find((file) => file.endsWith('.node'))
  if (addon === undefined) throw new Error('ts/native holds no addon')
  const folder = join(project, 'npm', addon.split('.')[1] ?? '')
  cpSync(join(root, 'ts/native', addon), join(folder, addon))
  return folder
}

function pack(folder: string): string {
  const [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', work], folder))
  return join(work, packed.filename)
}

function npm(args: string[], cwd: string): string {
  const options = { cwd, encoding: 'utf8', stdio: 'pipe', shell: process.platform === 'win32' } as const
  return execFileSync('npm', args, options)
}

/** Runs a command of a development dependency; what it printed becomes the message of a failure. */
function tool(packageName: string, command: string, args: string[]): void {
  const manifest = join(root, 'node_modules', packageName, 'package.json')
  const { bin } = readJson(manifest)
  node([join(dirname(manifest), typeof bin === 'string' ? bin : bin[command]), ...args])
}

/** Runs Node in the user's folder; an addon of another version than the package's is an error, not a guess. */
function node(args: string[]): string {
  const env = { ...process.env, NAPI_RS_ENFORCE_VERSION_CHECK: '1', NO_COLOR: '1' }
  try {
    return execFileSync(process.execPath, args, { cwd: user, env, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { message, stdout, stderr } = error as { message: string; stdout: string; stderr: string }
    throw new Error([message, stdout, stderr].join('\n'))
  }
}

function write(name: string, text: string): void {
  writeFileSync(join(user, name), text)
}

// biome-ignore lint/suspicious/noExplicitAny: a manifest has whatever fields its author gave it.
function readJson(path: string): any {
  return JSON.parse(readFileSync(path, 'utf8'))
}
