// The random cases of property tests are the same in every run but a long one, as in scripts/test.mjs for Rust.
import fc from 'fast-check'

if (process.env.EQUIPOISE_LONG_TESTS === undefined) fc.configureGlobal({ seed: 20261121 })
