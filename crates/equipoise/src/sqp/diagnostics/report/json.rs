//! Strict JSON.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use super::Report;
use crate::sqp::diagnostics::playbook::Diagnosis;
use crate::sqp::diagnostics::recorder::{ActiveTrack, StepRecord};
use crate::sqp::diagnostics::signal::Signal;
use crate::sqp::diagnostics::suggestion::Suggestion;
use crate::sqp::options::SqpOptions;
use crate::sqp::summary::SummaryValue;

/// A number, or "nan", "inf", "-inf".
#[derive(Debug, Clone, Copy)]
pub(super) struct Real(pub f64);

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("nan"),
            value => serializer.serialize_str(if value > 0.0 { "inf" } else { "-inf" }),
        }
    }
}

/// Pairs as an object, in their order.
struct Fields<'a>(Vec<(&'a str, Real)>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    termination: Termination<'a>,
    scaling: Scaling,
    metrics: Fields<'a>,
    signals: Vec<SignalDocument<'a>>,
    less_likely: Vec<SignalDocument<'a>>,
    diagnoses: &'a [Diagnosis],
    counters: Fields<'a>,
    tolerances: Tolerances,
    options: &'a SqpOptions,
    active: &'a [ActiveTrack],
    trajectory: Trajectory<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Termination<'a> {
    status: &'a str,
    converged: bool,
    message: &'a str,
    steps: u64,
    max_steps: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tolerances {
    stationarity: Real,
    feasibility: Real,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scaling {
    objective: Real,
    constraints: Vec<Real>,
    num_skipped: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignalDocument<'a> {
    name: &'a str,
    specificity: &'a str,
    magnitude: &'a str,
    confidence: &'a str,
    summary: &'a str,
    detail: &'a str,
    evidence: Fields<'a>,
    suggestions: &'a [Suggestion],
    artifacts: Vec<&'a str>,
    offending_step: Option<u64>,
}

impl<'a> From<&'a Signal> for SignalDocument<'a> {
    fn from(signal: &'a Signal) -> Self {
        Self {
            name: &signal.name,
            specificity: signal.specificity.as_str(),
            magnitude: signal.magnitude.as_str(),
            confidence: signal.confidence.as_str(),
            summary: &signal.summary,
            detail: &signal.detail,
            evidence: Fields(signal.evidence.iter().map(|(k, v)| (k.as_str(), Real(*v))).collect()),
            suggestions: &signal.suggestions,
            artifacts: signal.artifacts.keys().map(String::as_str).collect(),
            offending_step: signal.offending_step,
        }
    }
}

/// One object a step.
struct Trajectory<'a>(&'a [StepRecord]);

impl Serialize for Trajectory<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for record in self.0 {
            list.serialize_element(&Step(record))?;
        }
        list.end()
    }
}

struct Step<'a>(&'a StepRecord);

impl Serialize for Step<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in record.summary.fields() {
            match value {
                SummaryValue::Number(value) => map.serialize_entry(name, &Real(value))?,
                SummaryValue::Count(value) => map.serialize_entry(name, &value)?,
                SummaryValue::Flag(value) => map.serialize_entry(name, &value)?,
            }
        }
        map.serialize_entry("elastic", &record.elastic)?;
        map.serialize_entry("working_set_changes", &record.working_set_changes)?;
        map.serialize_entry("cg_truncations", &record.cg_truncations)?;
        map.serialize_entry("negative_curvature", &Real(record.negative_curvature))?;
        map.end()
    }
}

pub(super) fn render(report: &Report) -> String {
    let reals = |values: &[f64]| values.iter().map(|v| Real(*v)).collect();
    let document = Document {
        termination: Termination {
            status: report.status.as_str(),
            converged: report.status == crate::sqp::status::SqpStatus::Converged,
            message: &report.message,
            steps: report.steps.0,
            max_steps: report.steps.1,
        },
        scaling: Scaling {
            objective: Real(report.scaling.objective),
            constraints: reals(&report.scaling.constraints),
            num_skipped: report.scaling.num_skipped,
        },
        metrics: Fields(report.metrics.iter().map(|(label, value)| (*label, Real(*value))).collect()),
        signals: report.signals.iter().map(SignalDocument::from).collect(),
        less_likely: report.less_likely.iter().map(SignalDocument::from).collect(),
        diagnoses: &report.diagnoses,
        counters: Fields(report.counters.iter().map(|(name, value, _)| (*name, Real(*value))).collect()),
        tolerances: Tolerances {
            stationarity: Real(report.tolerances.0),
            feasibility: Real(report.tolerances.1),
        },
        options: &report.options,
        active: &report.active,
        trajectory: Trajectory(&report.trajectory),
    };
    serde_json::to_string(&document).expect("a document of strings and numbers")
}
