//! The evaluators of a diagnosis, in order.

use super::context::{EndContext, StepContext};
use super::signal::{Signal, Specificity};
use super::signals;

/// Looks at every step; the heavy arrays are built only when it fires.
pub type StepEvaluator = Box<dyn Fn(&StepContext<'_>) -> Option<Signal> + Send + Sync>;
/// Looks at the whole run.
pub type EndEvaluator = Box<dyn Fn(&EndContext<'_>) -> Option<Signal> + Send + Sync>;

/// When an evaluator is asked.
pub enum Evaluator {
    /// After every step, until it fires.
    PerStep(StepEvaluator),
    /// Once, after the run.
    EndOfRun(EndEvaluator),
}

/// One entry of a [`Registry`].
pub struct Registration {
    /// The name of the signal.
    pub name: String,
    /// The specificity of its signals.
    pub specificity: Specificity,
    /// The evaluator.
    pub evaluator: Evaluator,
}

/// Evaluators by name, in the order in which they were registered.
pub struct Registry {
    entries: Vec<Registration>,
}

impl Default for Registry {
    /// All signals of the library: the eleven of the reference, then ours.
    fn default() -> Self {
        let mut registry = Self::empty();
        signals::register_all(&mut registry);
        registry
    }
}

impl Registry {
    /// Without evaluators.
    pub fn empty() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds an evaluator at the end; one of the same name is replaced.
    pub fn register(&mut self, name: &str, specificity: Specificity, evaluator: Evaluator) {
        self.entries.retain(|entry| entry.name != name);
        self.entries.push(Registration { name: name.into(), specificity, evaluator });
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[Registration] {
        &self.entries
    }

    /// The names, in order.
    pub fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// Asks the evaluators of steps that are not among the names `fired`.
    pub(super) fn at_step(&self, context: &StepContext<'_>, fired: &mut Vec<Signal>) {
        for entry in &self.entries {
            if let Evaluator::PerStep(evaluate) = &entry.evaluator
                && fired.iter().all(|signal| signal.name != entry.name)
            {
                fired.extend(evaluate(context));
            }
        }
    }

    /// Asks the evaluators of whole runs.
    pub(super) fn at_end(&self, context: &EndContext<'_>, fired: &mut Vec<Signal>) {
        for entry in &self.entries {
            if let Evaluator::EndOfRun(evaluate) = &entry.evaluator {
                fired.extend(evaluate(context));
            }
        }
    }
}
