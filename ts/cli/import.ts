import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type ExitCode, exitCode } from './exit-codes.js'
import { createFolder, Outputs, writeText } from './outputs.js'
import { Terminal } from './terminal.js'

interface ImportOptions {
  out: string
  configs?: string
  data?: string
  quiet?: boolean
}

export function addImport(program: Command, done: (code: ExitCode) => void): void {
  const parent = program.command('import').description("Make this tool's files of another tool's")
  const command = parent
    .command('populationsim')
    .description('Make targets of the settings, controls and control totals of a PopulationSim project')
    .argument('<folder>', 'the project: the folder of configs/settings.yaml and of the data')
  const options = [
    new Option(
      '--out <folder>',
      'folder for targets.csv, areas.yaml and README.md; it is made if need be',
    ).makeOptionMandatory(),
    new Option('--configs <folder>', 'folder of settings.yaml (default: configs, or the project itself)'),
    new Option('--data <folder>', 'folder of the tables (default: what data_dir says, or data)'),
    new Option('--quiet', 'print nothing but errors'),
  ]
  for (const option of options) command.addOption(option)
  command.addHelpText(
    'after',
    `
Example:
  $ equipoise import populationsim example_survey_weighting --out weighting`,
  )
  command.action(async (folder: string, given: ImportOptions) => done(await runImport(folder, given)))
}

async function runImport(folder: string, options: ImportOptions): Promise<ExitCode> {
  const terminal = new Terminal(options)
  const { out, configs, data } = options
  const { importPopulationSim } = await import('../populationsim/import.js')
  const { areasText, areaTargetsText, readmeText, targetsText, totalsText } = await import(
    '../populationsim/files.js'
  )
  const imported = await importPopulationSim(folder, {
    ...(configs === undefined ? {} : { configs }),
    ...(data === undefined ? {} : { data }),
  })
  const texts: [string, string][] = [
    [join(out, 'targets.csv'), targetsText(imported)],
    [join(out, 'areas.yaml'), areasText(imported)],
    [join(out, 'area-targets.csv'), areaTargetsText(imported)],
    [join(out, 'totals.csv'), totalsText(imported)],
    [join(out, 'README.md'), readmeText(imported, out)],
  ]
  await createFolder('--out', out)
  const outputs = await Outputs.prepare(Object.fromEntries(texts.map(([path]) => [path, path])))
  try {
    for (const [path, text] of texts) await outputs.add(path, (temporary) => writeText(temporary, [text]))
    await outputs.commit()
  } finally {
    outputs.discard()
  }
  for (const warning of imported.warnings) terminal.note(`warning: ${warning}`)
  terminal.print(
    `${imported.targets.length} targets in ${imported.areas.length} areas: ${texts.map(([path]) => path).join(', ')}`,
  )
  return exitCode.success
}
