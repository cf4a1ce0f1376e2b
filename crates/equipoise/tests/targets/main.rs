//! Portfolio targets: measured vectors, goldens, exact checks of random problems, contradictions.

mod bad_input;
mod contradictions;
mod determinism;
mod divergence;
mod goldens;
mod locks;
mod oracle;
mod random;
mod strict;
mod vectors;
