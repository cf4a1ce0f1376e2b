//! Convex quadratic programs: optimality is judged here in exact rationals, or against published optima.

mod exact;
mod maros_meszaros;
mod portfolio;
mod problem;
mod random;
