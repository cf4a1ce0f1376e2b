//! Why did it stop there? Evidence gathered during a run, signals that fire on it, and what to try.
//!
//! [`diagnose`] runs the solver with a [`Recorder`], asks every evaluator of a [`Registry`], applies the rules of the playbook
//! and writes a [`Report`]. The design (names, evidence keys, thresholds, confidence) is that of the public project slsqp-jax.
//!
//! | module | for |
//! | --- | --- |
//! | [`signals`] | one file per signal |
//! | [`signal`], [`suggestion`] | what a signal says |
//! | [`registry`], [`context`] | evaluators and what they see |
//! | [`playbook`] | which signals explain which end, and rules over several of them |
//! | [`probes`] | extra evaluations after a run: noise, curvature, derivatives |
//! | [`report`] | the text and the JSON |

pub mod context;
mod diagnose;
pub mod playbook;
pub mod probes;
mod recorder;
pub mod registry;
pub mod report;
pub mod signal;
pub mod signals;
pub mod suggestion;

pub use diagnose::{DiagnoseOptions, Diagnosed, diagnose, diagnose_with};
pub use recorder::{ActiveSets, ActiveTrack, Recorder, StepRecord};
pub use registry::Registry;
pub use report::Report;
pub use signal::{Artifact, Confidence, Magnitude, Signal, Specificity};
pub use suggestion::{Change, Suggestion};
