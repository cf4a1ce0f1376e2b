// Published times of slsqp-jax in seconds (JAX 0.9.0 on a CPU, machine unnamed, after compilation): for each problem the fastest row whose
// answer is right, without and with products of the Hessian. Absent: no configuration solves it.
export const published = {
  'WeightedQuad(100)': { gradients: 0.0016, products: 0.0017 },
  'WeightedQuad(1000)': { gradients: 0.0022, products: 0.0569 },
  'WeightedQuad(5000)': { gradients: 0.0063, products: 0.013 },
  'Portfolio(100)': { gradients: 0.05, products: 0.0028 },
  'Portfolio(500)': { gradients: 0.2677, products: 0.0049 },
  'Portfolio(1000)': { gradients: 0.5125, products: 0.0093 },
  // Without products up to 0.05 % above the minimum, and counted all the same.
  'Portfolio(5000)': { gradients: 11.3, products: 0.1486 },
  'SphereMixed(100)': { gradients: 0.0021, products: 0.0017 },
  'SphereMixed(500)': { gradients: 0.0202, products: 0.0209 },
  'SphereMixed(1000)': { gradients: 0.0884, products: 0.1071 },
  'IllCond(100)': { gradients: 0.6261, products: 0.0312 },
  'LogBarrier(100)': { gradients: 0.0019, products: 0.0016 },
}
