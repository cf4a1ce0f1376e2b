/**
 * A model as an objective of the outer search. What it offers decides the plan: `secondOrder` (gradient and Hessian), `firstOrder`
 * (gradient), `fixedPoint` (Fellner–Schall steps alone).
 */
export function asObjective(model, offer) {
  const evaluate = (theta, order) => {
    if (order === 'value') return model.value(theta)
    const { value, gradient, hessian, beta } = model.evaluate(theta)
    return { value, gradient, ...(offer === 'secondOrder' && { hessian }), innerState: beta }
  }
  if (offer === 'fixedPoint') {
    const fixedPoint = (theta) => {
      const { value, efsStep, beta } = model.evaluate(theta)
      return { value, steps: efsStep, innerState: beta }
    }
    return { evaluate, fixedPoint }
  }
  return { evaluate, gradient: 'analytic', ...(offer === 'secondOrder' && { hessian: 'dense' }) }
}
