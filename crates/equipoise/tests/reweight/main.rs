//! Reweighting: every form against exact arithmetic, published answers and the reference cases.
//!
//! One program, as each would be compiled and linked by itself.

mod areas;
mod areas_travel_survey;
mod bad_input;
mod band_priorities;
mod bands;
mod bands_travel_survey;
mod calibration_cases;
mod calibration_certify;
mod calibration_oracle;
mod calibration_small;
mod chunks;
mod determinism;
mod explain;
mod explain_travel_survey;
mod identical_records;
mod infeasible_cases;
mod infeasible_random;
mod integer_weights;
mod oracle;
mod replicate_weights;
mod reweight_oracle;
mod standard_errors;
mod survey;
mod travel_survey;
