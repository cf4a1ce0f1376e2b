export * from './errors.js'
export { version } from './native/binding.cjs'
