// Smoothing parameters by the outer search: two curves in noise, and variance components where there is a folder of published data.
// After `npm run setup`: node examples/smoothing.mjs [folder of published fits]
import { minimizeOuterSync, outerReportText } from 'equipoise'
import { milesPerGallon, publishedMixedModels, twoCurves } from './smoothing/data.mjs'
import { asObjective } from './smoothing/objective.mjs'
import { PenalizedRegression } from './smoothing/penalized.mjs'

/** Fits a model by each plan: cubic regularisation, BFGS, the Fellner–Schall fixed point. */
function search(name, data) {
  const model = new PenalizedRegression(data)
  for (const offer of ['secondOrder', 'firstOrder', 'fixedPoint']) {
    const result = minimizeOuterSync(asObjective(model, offer), {
      initialRho: model.startingPoint(),
      maxIter: 1000,
      tolerance: 1e-7,
      seedConfig: { riskProfile: 'gaussian' },
      context: name,
    })
    console.log(`${result.stopReason}: ${result.message}`)
    console.log(`  ${name}, ${result.method}: criterion ${result.finalValue.toFixed(9)}`)
    console.log(`  log lambda ${Array.from(result.rho, (x) => x.toFixed(4)).join(', ')}`)
    if (offer === 'secondOrder') console.log(outerReportText(result, { names: model.names }))
  }
}

for (const criterion of ['reml', 'gcv']) search(`two curves, ${criterion}`, { ...twoCurves(200), criterion })

const [, , folder] = process.argv
if (folder !== undefined) {
  for (const [name, data] of Object.entries(publishedMixedModels(folder))) search(name, data)
  search('miles per gallon', milesPerGallon(folder))
}
