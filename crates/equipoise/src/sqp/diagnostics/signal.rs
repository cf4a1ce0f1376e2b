//! What a signal says, and how far to trust it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::suggestion::Suggestion;

/// How many causes a signal leaves open; an editorial constant of each signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Specificity {
    /// Points to one cause.
    Specific,
    /// Two or three.
    Ambiguous,
    /// Many.
    Generic,
}

/// How far the evidence is beyond its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Magnitude {
    /// Less than tenfold.
    Marginal,
    /// Less than a hundredfold.
    Moderate,
    /// More.
    Extreme,
}

/// How far to trust the hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// One of many possible readings.
    Low,
    /// Worth a look first.
    Medium,
    /// Almost certainly so.
    High,
}

impl Magnitude {
    /// Of the worst ratio of evidence to threshold; NaN and non-positive ratios are marginal.
    pub fn of(ratio: f64) -> Self {
        if ratio.is_nan() || ratio < 10.0 {
            Self::Marginal
        } else if ratio < 100.0 {
            Self::Moderate
        } else {
            Self::Extreme
        }
    }
}

impl Confidence {
    /// The table specificity × magnitude.
    pub fn of(specificity: Specificity, magnitude: Magnitude) -> Self {
        match (specificity, magnitude) {
            (Specificity::Specific, Magnitude::Marginal) => Self::Medium,
            (Specificity::Specific, _) => Self::High,
            (Specificity::Ambiguous, Magnitude::Marginal) | (Specificity::Generic, _) => Self::Low,
            (Specificity::Ambiguous, _) => Self::Medium,
        }
    }
}

macro_rules! names {
    ($($kind:ident { $($variant:ident = $text:literal),* })*) => {
        $(
            impl $kind {
                /// The word as it appears in reports and in JavaScript.
                pub fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $text,)* }
                }
            }
        )*
    };
}

names! {
    Specificity { Specific = "specific", Ambiguous = "ambiguous", Generic = "generic" }
    Magnitude { Marginal = "marginal", Moderate = "moderate", Extreme = "extreme" }
    Confidence { Low = "low", Medium = "medium", High = "high" }
}

/// An array behind a signal: a vector, or a matrix by rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Artifact {
    /// Its lengths.
    pub shape: Vec<usize>,
    /// Its entries, row-major.
    pub values: Vec<f64>,
}

impl Artifact {
    /// A vector.
    pub fn vector(values: impl Into<Vec<f64>>) -> Self {
        let values = values.into();
        Self { shape: vec![values.len()], values }
    }

    /// A matrix of `values.len() / columns` rows.
    pub fn matrix(values: impl Into<Vec<f64>>, columns: usize) -> Self {
        let values = values.into();
        Self { shape: vec![values.len() / columns.max(1), columns], values }
    }
}

/// A hypothesis with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its name; at most one of a name in a run.
    pub name: String,
    /// How many causes it leaves open.
    pub specificity: Specificity,
    /// How far the evidence is beyond its threshold.
    pub magnitude: Magnitude,
    /// How far to trust it.
    pub confidence: Confidence,
    /// One line.
    pub summary: String,
    /// The mechanism, for a reader who wants to know more.
    pub detail: String,
    /// Numbers by name; yes and no are 1 and 0.
    pub evidence: BTreeMap<String, f64>,
    /// What to try, the most promising first.
    pub suggestions: Vec<Suggestion>,
    /// Arrays by name.
    pub artifacts: BTreeMap<String, Artifact>,
    /// The step to look at, from 1.
    pub offending_step: Option<u64>,
}

impl Signal {
    /// A signal whose evidence is `ratio` times its threshold.
    pub fn new(name: &str, specificity: Specificity, ratio: f64, summary: impl Into<String>) -> Self {
        let magnitude = Magnitude::of(ratio);
        Self {
            name: name.into(),
            specificity,
            magnitude,
            confidence: Confidence::of(specificity, magnitude),
            summary: summary.into(),
            detail: String::new(),
            evidence: BTreeMap::new(),
            suggestions: Vec::new(),
            artifacts: BTreeMap::new(),
            offending_step: None,
        }
    }

    /// With the mechanism in words.
    pub fn detail(mut self, text: &str) -> Self {
        self.detail = text.into();
        self
    }

    /// With numbers.
    pub fn evidence<const N: usize>(mut self, entries: [(&str, f64); N]) -> Self {
        self.evidence.extend(entries.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// With advice.
    pub fn suggest(mut self, suggestion: impl Into<Suggestion>) -> Self {
        self.suggestions.push(suggestion.into());
        self
    }

    /// With an array.
    pub fn artifact(mut self, name: &str, artifact: Artifact) -> Self {
        self.artifacts.insert(name.into(), artifact);
        self
    }

    /// With the step to look at.
    pub fn at_step(mut self, step: impl Into<Option<u64>>) -> Self {
        self.offending_step = step.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_follow_the_ratio() {
        for ratio in [1.0, 5.0, 9.99, f64::NAN, -1.0, 0.0] {
            assert_eq!(Magnitude::of(ratio), Magnitude::Marginal, "{ratio}");
        }
        assert_eq!([10.0, 50.0].map(Magnitude::of), [Magnitude::Moderate; 2]);
        assert_eq!([100.0, 1e6, f64::INFINITY].map(Magnitude::of), [Magnitude::Extreme; 3]);
    }

    #[test]
    fn confidence_is_the_published_table() {
        use Confidence::{High, Low, Medium};
        let magnitudes = [Magnitude::Marginal, Magnitude::Moderate, Magnitude::Extreme];
        let row = |specificity| magnitudes.map(|magnitude| Confidence::of(specificity, magnitude));
        assert_eq!(row(Specificity::Specific), [Medium, High, High]);
        assert_eq!(row(Specificity::Ambiguous), [Low, Medium, Medium]);
        assert_eq!(row(Specificity::Generic), [Low, Low, Low]);
    }
}
