//! Portfolio targets: measured vectors, goldens, exact checks of random problems, contradictions.

mod goldens;
mod vectors;
