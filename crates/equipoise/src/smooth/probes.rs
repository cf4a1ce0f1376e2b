//! Memory of value-only trials, and the end of a search whose trials are all refused.

use std::collections::VecDeque;

/// Trials kept.
const CAPACITY: usize = 256;
/// Values from here on reject a trial like an error does.
const REJECTING_VALUE: f64 = 1e11;

/// What a value-only trial gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe<E> {
    /// f
    Value(f64),
    /// The problem refused the point.
    Refused(E),
}

impl<E> Probe<E> {
    /// True if the trial rejects its point whatever the search compares it with: refused, not finite, or at least 1e11.
    pub fn rejects(&self) -> bool {
        match self {
            Self::Value(value) => !value.is_finite() || *value >= REJECTING_VALUE,
            Self::Refused(_) => true,
        }
    }
}

/// The last 256 value-only trials by the bits of their points, so that no point is evaluated twice. After a gradient only the rejecting
/// ones are kept: the inner state of the problem may have moved, and with it the values.
#[derive(Debug, Clone)]
pub struct ProbeMemo<E> {
    probes: VecDeque<(Vec<u64>, Probe<E>)>,
}

impl<E> Default for ProbeMemo<E> {
    fn default() -> Self {
        Self { probes: VecDeque::new() }
    }
}

impl<E> ProbeMemo<E> {
    /// What the trial at x gave, if it is remembered. −0 and 0 are different points.
    pub fn get(&self, x: &[f64]) -> Option<&Probe<E>> {
        let found =
            |bits: &[u64]| bits.len() == x.len() && bits.iter().zip(x).all(|(b, x)| *b == x.to_bits());
        self.probes.iter().find(|(bits, _)| found(bits)).map(|(_, probe)| probe)
    }

    /// Remembers a trial; the oldest is forgotten where 256 are known.
    pub fn insert(&mut self, x: &[f64], probe: Probe<E>) {
        if self.probes.len() == CAPACITY {
            self.probes.pop_front();
        }
        self.probes.push_back((x.iter().map(|x| x.to_bits()).collect(), probe));
    }

    /// To be called after a gradient evaluation.
    pub fn keep_rejecting(&mut self) {
        self.probes.retain(|(_, probe)| probe.rejects());
    }

    /// Number of trials remembered.
    pub fn len(&self) -> usize {
        self.probes.len()
    }

    /// True if nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.probes.is_empty()
    }
}

/// Ends a search whose trials are refused in a row before it has seen one gradient: about one line search without a usable point.
#[derive(Debug, Clone)]
pub struct ProbeRefusals {
    limit: usize,
    in_a_row: usize,
    armed: bool,
}

impl Default for ProbeRefusals {
    /// 25 refusals in a row.
    fn default() -> Self {
        Self::new(25)
    }
}

impl ProbeRefusals {
    /// `limit` refusals in a row end the search, at least 1.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), in_a_row: 0, armed: true }
    }

    /// Records a trial; true if the search should end.
    pub fn observe(&mut self, refused: bool) -> bool {
        self.in_a_row = if refused && self.armed { self.in_a_row + 1 } else { 0 };
        self.in_a_row >= self.limit
    }

    /// Records a gradient: from now on the search has a point to go back to, and refusals end nothing.
    pub fn disarm(&mut self) {
        self.armed = false;
        self.in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_known_by_their_bits_and_the_oldest_goes() {
        let mut memo: ProbeMemo<&str> = ProbeMemo::default();
        memo.insert(&[0.0, 1.0], Probe::Value(3.0));
        assert_eq!(memo.get(&[0.0, 1.0]), Some(&Probe::Value(3.0)));
        assert_eq!(
            (memo.get(&[-0.0, 1.0]), memo.get(&[0.0]), memo.get(&[0.0, 1.0 + f64::EPSILON])),
            (None, None, None)
        );
        for i in 0..CAPACITY {
            memo.insert(&[i as f64], Probe::Refused("no"));
        }
        assert_eq!((memo.len(), memo.get(&[0.0, 1.0])), (CAPACITY, None));
    }

    #[test]
    fn a_gradient_leaves_the_rejecting_trials() {
        let mut memo = ProbeMemo::default();
        for (x, probe) in [
            (1.0, Probe::Value(5.0)),
            (2.0, Probe::Value(1e11)),
            (3.0, Probe::Value(f64::NAN)),
            (4.0, Probe::Refused(())),
            (5.0, Probe::Value(0.99e11)),
        ] {
            memo.insert(&[x], probe);
        }
        memo.keep_rejecting();
        let known: Vec<bool> = (1..=5).map(|x| memo.get(&[f64::from(x)]).is_some()).collect();
        assert_eq!(known, [false, true, true, true, false]);
    }

    #[test]
    fn refusals_end_a_search_only_before_its_first_gradient() {
        let mut refusals = ProbeRefusals::new(3);
        let seen: Vec<bool> = [true, true, false, true, true, true].map(|r| refusals.observe(r)).to_vec();
        assert_eq!(seen, [false, false, false, false, false, true]);
        refusals.disarm();
        assert!((0..100).all(|_| !refusals.observe(true)));
    }
}
