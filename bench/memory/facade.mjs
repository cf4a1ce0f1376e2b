// One problem through the façade in a process of its own: fromChunks, then each form. Prints a row as JSON.
import { ReweightProblem } from '../../dist/index.js'
import { surveyChunks, surveyTargets } from './survey.mjs'

const { storage, forms, ...survey } = JSON.parse(process.argv[2])

/** Peak resident memory of the process so far, mapped files included. */
const peakMiB = () => process.resourceUsage().maxRSS / 1024
const seconds = (since) => (performance.now() - since) / 1000

const start = performance.now()
const targets = surveyTargets(survey)
const problem = await ReweightProblem.fromChunks(surveyChunks(survey), { targets, storage })
const row = { nonzeros: problem.numNonzeros, readSeconds: seconds(start), readPeakMiB: peakMiB(), solves: [] }
for (const form of forms) {
  const begin = performance.now()
  const answer = await (form === 'bands' ? problem.solveBands() : problem.solve())
  row.solves.push({
    form,
    seconds: seconds(begin),
    status: answer.status,
    distanceBound: answer.certificate.distanceBound,
    digest: answer.digest,
    iterations: answer.iterations,
  })
}
process.stdout.write(JSON.stringify({ ...row, peakMiB: peakMiB() }))
