//! What an explanation says, in numbers and in sentences.

use serde::{Deserialize, Serialize};

/// How the question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplanationStatus {
    /// The targets contradict one another or the bounds: proven by a combination that the independent checker accepts.
    Infeasible,
    /// Multipliers were found that meet every target within the tolerance.
    Feasible,
    /// Neither is proven.
    Unknown,
}

impl ExplanationStatus {
    /// The status as it appears in JavaScript and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Infeasible => "infeasible",
            Self::Feasible => "feasible",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for ExplanationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The side of a total's interval or of a record's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The total must be at least this; the multiplier may not be lower.
    Lower,
    /// The total must be at most this; the multiplier may not be higher.
    Upper,
}

/// A target of a contradicting set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetMember {
    /// Index of the target.
    pub target: usize,
    /// Its name.
    pub name: String,
    /// The edge that the contradiction presses on.
    pub side: Side,
    /// That edge, in units of the total.
    pub edge: f64,
    /// yⱼ: its factor in the combination that contradicts itself.
    pub factor: f64,
}

/// A record whose bound stands in the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PressingRecord {
    /// Index of the record (of a cluster: its first).
    pub record: usize,
    /// The bound that presses.
    pub side: Side,
    /// That bound of the multiplier.
    pub bound: f64,
    /// The part of the gap that closes per 1 by which the bound is moved.
    pub pressure: f64,
}

/// Targets that cannot be met together, though they could without any one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MinimalSet {
    /// The members, by index.
    pub members: Vec<SetMember>,
    /// What their edges ask of the combination Σ factor·total.
    pub required: f64,
    /// The most that the multipliers allowed give.
    pub attainable: f64,
    /// Proven lower bound on required − attainable, every rounding counted; 0 only where `attainable` is not reached.
    pub gap: f64,
    /// Records that the proof holds at their lower bound.
    pub num_at_lower: u64,
    /// Records that the proof holds at their upper bound.
    pub num_at_upper: u64,
    /// Those among them whose bounds matter most.
    pub records: Vec<PressingRecord>,
    /// True if the set is proven minimal: for each member multipliers were found, and checked, that meet all the others.
    pub minimal: bool,
    /// The contradiction in words.
    pub sentence: String,
}

/// What a relaxation is the cheapest of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelaxationKind {
    /// One edge of one member alone, so that its minimal set is no contradiction any more.
    OneTarget,
    /// All targets by the same fraction of their totals, so that all can be met.
    InProportion,
    /// The least sum of fractions of totals, so that all can be met.
    LeastSum,
}

/// An edge to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EdgeChange {
    /// Index of the target.
    pub target: usize,
    /// Its name.
    pub name: String,
    /// The edge.
    pub side: Side,
    /// Where it is, in units of the total.
    pub from: f64,
    /// Where it must go.
    pub to: f64,
    /// |to − from| as a fraction of the total (of 1 for a total of 0).
    pub fraction: f64,
}

/// Changes that make the targets possible; multipliers that meet them were found and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relaxation {
    /// What it is the cheapest of.
    pub kind: RelaxationKind,
    /// Index of the minimal set that it resolves; `None` if it resolves all.
    pub set: Option<usize>,
    /// The edges to move.
    pub changes: Vec<EdgeChange>,
    /// Its cost: the sum of the fractions, or the common one.
    pub cost: f64,
    /// Proven: no relaxation of this kind costs less.
    pub cost_at_least: f64,
    /// The change in words.
    pub sentence: String,
}

/// Why targets cannot be met, and what would help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// `Infeasible` and `Feasible` only if proven.
    pub status: ExplanationStatus,
    /// The status in words.
    pub message: String,
    /// yⱼ (k): a combination of the targets whose edges ask for more than any multipliers give; `None` unless infeasible.
    pub combination: Option<Vec<f64>>,
    /// Contradicting sets: those of one target first.
    pub minimal_sets: Vec<MinimalSet>,
    /// True if there are no other minimal sets.
    pub all_sets: bool,
    /// A smallest collection of targets (indices) without which the others can be met, if the search came that far.
    pub removal: Option<Vec<usize>>,
    /// Ways out, the cheapest for all targets first.
    pub relaxations: Vec<Relaxation>,
    /// Feasibility questions that were decided.
    pub questions: u32,
    /// Seconds that it took.
    pub seconds: f64,
}
