import { digest as nativeDigest } from './native/binding.cjs'
import { callNative } from './native-errors.js'
import { checkedNumbers } from './validate.js'

/**
 * FNV-1a 64 over the little-endian IEEE bytes of the numbers, as 16 hexadecimal digits: two runs agree to the bit if their
 * digests do.
 */
export function digest(values: ArrayLike<number>): string {
  const numbers = checkedNumbers('values', values)
  return callNative(() => nativeDigest(numbers))
}
