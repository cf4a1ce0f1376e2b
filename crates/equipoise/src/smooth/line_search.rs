//! Line search of Moré and Thuente for the strong Wolfe conditions.
//!
//! Source: J. J. Moré and D. J. Thuente, *Line search algorithms with guaranteed sufficient decrease*, ACM Transactions
//! on Mathematical Software 20 (1994) 286–307. Section and equation numbers below are of that paper.

/// The interval has to shrink by this factor in every two trials, or it is bisected (§4).
const REQUIRED_SHRINKAGE: f64 = 0.66;
/// A step that is shortened by its value alone is not shortened to less than this part.
const SMALLEST_REDUCTION: f64 = 0.1;
/// While no minimiser is bracketed, the next step is kept in [α + 1.1(α − αₗ), α + 4(α − αₗ)] (§2).
const SMALLEST_EXTRAPOLATION: f64 = 1.1;
const LARGEST_EXTRAPOLATION: f64 = 4.0;

/// Constants of the search for a step α along a descent direction, φ(α) = f(x + αd).
///
/// The accepted step satisfies the strong Wolfe conditions (1.1), (1.2):
///
/// φ(α) ≤ φ(0) + `sufficient_decrease` · α φ'(0)  and  |φ'(α)| ≤ `curvature` · |φ'(0)|.
#[derive(Debug, Clone, PartialEq)]
pub struct MoreThuente {
    /// μ in (0, 1/2); 1e-4 by default.
    pub sufficient_decrease: f64,
    /// η in (μ, 1); 0.9 by default, the usual value for quasi-Newton directions.
    pub curvature: f64,
    /// The search ends when the interval that holds a step is not wider than this times its larger end; 1e-10 by default.
    pub relative_width: f64,
    /// Largest number of evaluations of φ and φ'; 20 by default.
    pub max_evaluations: usize,
}

impl Default for MoreThuente {
    fn default() -> Self {
        Self { sufficient_decrease: 1e-4, curvature: 0.9, relative_width: 1e-10, max_evaluations: 20 }
    }
}

/// Where a search begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineSearchStart {
    /// φ(0), finite.
    pub value: f64,
    /// φ'(0), finite and negative.
    pub slope: f64,
    /// First step to try, positive.
    pub first_step: f64,
    /// Largest step allowed, at least `first_step`; may be infinite.
    pub largest_step: f64,
    /// Rounding error of φ (absolute). A value that differs from φ(0) by no more is replaced by what the slopes say,
    /// φ(0) + α(φ'(0) + φ'(α))/2; the sufficient-decrease condition then reads φ'(α) ≤ (2μ − 1)φ'(0), the approximate
    /// Wolfe condition of Hager and Zhang, SIAM J. Optim. 16 (2005), (4.1). 0 switches this off.
    pub value_noise: f64,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSearchStatus {
    /// The strong Wolfe conditions hold.
    StrongWolfe,
    /// The step is the largest one allowed; it decreases φ sufficiently and φ is still falling there.
    AtLargestStep,
    /// The interval became as narrow as `relative_width` or rounding allow.
    IntervalTooNarrow,
    /// `max_evaluations` evaluations were made.
    EvaluationLimit,
    /// φ or φ' was not finite at every step that was tried.
    NotFinite,
}

impl LineSearchStatus {
    /// Whether the step satisfies the Wolfe conditions, as far as the largest step allows.
    pub fn is_wolfe(self) -> bool {
        matches!(self, Self::StrongWolfe | Self::AtLargestStep)
    }
}

/// The answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineSearchOutcome {
    /// The best step found: it decreases φ sufficiently whatever the status; 0 if no step does.
    pub step: f64,
    /// The step that was evaluated last; differs from `step` only if the status is not Wolfe.
    pub last_step: f64,
    /// Number of evaluations of φ and φ'.
    pub num_evaluations: usize,
    /// Why the search ended.
    pub status: LineSearchStatus,
}

/// A step that was tried. The slope is NaN where it was not asked for: the value had decided.
#[derive(Debug, Clone, Copy)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
}

impl Trial {
    /// The trial of φ(α) − tilt·α; with tilt = μφ'(0) this is ψ of §2 but for its constant.
    fn tilted(self, tilt: f64) -> Self {
        Self { step: self.step, value: self.value - tilt * self.step, slope: self.slope - tilt }
    }

    fn has_slope(&self) -> bool {
        !self.slope.is_nan()
    }
}

/// The interval with ends αₗ (`best`) and αᵤ (`other`), unbounded above until a minimiser is `bracketed`.
struct Interval {
    best: Trial,
    other: Trial,
    bracketed: bool,
    width: f64,
    width_before: f64,
}

impl MoreThuente {
    /// Searches for a step. `phi(α, wants_slope)` returns φ(α), and φ'(α) if `wants_slope(φ(α))`: a step whose value does not decrease
    /// sufficiently is too long whatever its slope. (A slope that is given unasked is used.) Its error ends the search and is handed back.
    ///
    /// A step where φ or φ' is not finite counts as too long: the search goes on between it and the best step so far.
    ///
    /// # Errors
    /// Only those of `phi`.
    pub fn search<E>(
        &self,
        start: &LineSearchStart,
        mut phi: impl FnMut(f64, &dyn Fn(f64) -> bool) -> Result<(f64, Option<f64>), E>,
    ) -> Result<LineSearchOutcome, E> {
        let decrease_slope = self.sufficient_decrease * start.slope;
        let mut interval = Interval::new(Trial { step: 0.0, value: start.value, slope: start.slope });
        let largest_step = start.largest_step;
        let mut step = start.first_step.min(largest_step);
        let mut smallest_invalid = f64::INFINITY;
        let (mut first_stage, mut any_finite) = (true, false);
        for num_evaluations in 1..=self.max_evaluations {
            let outcome = |step, status| LineSearchOutcome { step, last_step: step, num_evaluations, status };
            let limit = start.value + decrease_slope * step;
            let (value, slope) =
                phi(step, &|value| value <= limit || (value - start.value).abs() <= start.value_noise)?;
            if !(value.is_finite() && slope.is_none_or(f64::is_finite)) {
                smallest_invalid = step;
                step = 0.5 * (interval.best.step + step);
                continue;
            }
            any_finite = true;
            let slope = slope.unwrap_or(f64::NAN);
            let trial = Trial { step, value: start.settled_value(step, value, slope), slope };
            // False where the slope was not asked for: the value is above the limit.
            let decreases = trial.has_slope() && trial.value <= limit;
            if decreases && slope.abs() <= self.curvature * start.slope.abs() {
                return Ok(outcome(step, LineSearchStatus::StrongWolfe));
            }
            if decreases && step >= largest_step && slope <= decrease_slope {
                return Ok(outcome(step, LineSearchStatus::AtLargestStep));
            }
            // §3: ψ is used until ψ(α) ≤ 0 and φ'(α) > 0, then φ itself.
            first_stage &= !(decreases && slope > 0.0);
            let tilt = if first_stage { decrease_slope } else { 0.0 };
            let mut next = interval.shrink(trial, tilt).min(largest_step);
            if next >= smallest_invalid {
                next = 0.5 * (interval.best.step + smallest_invalid);
            }
            if interval.is_narrow(self.relative_width) || interval.is_end(next) {
                let status = LineSearchStatus::IntervalTooNarrow;
                return Ok(LineSearchOutcome { last_step: step, ..outcome(interval.best.step, status) });
            }
            step = next;
        }
        Ok(LineSearchOutcome {
            step: interval.best.step,
            last_step: step,
            num_evaluations: self.max_evaluations,
            status: if any_finite { LineSearchStatus::EvaluationLimit } else { LineSearchStatus::NotFinite },
        })
    }
}

impl LineSearchStart {
    /// φ(α), or its estimate by the trapezium rule where φ(α) − φ(0) is nothing but rounding.
    fn settled_value(&self, step: f64, value: f64, slope: f64) -> f64 {
        if (value - self.value).abs() <= self.value_noise && !slope.is_nan() {
            self.value + 0.5 * step * (self.slope + slope)
        } else {
            value
        }
    }
}

impl Interval {
    fn new(start: Trial) -> Self {
        Self {
            best: start,
            other: start,
            bracketed: false,
            width: f64::INFINITY,
            width_before: f64::INFINITY,
        }
    }

    /// Updates the interval by the trial (Updating Algorithm of §2, on φ(α) − tilt·α) and returns the next step.
    fn shrink(&mut self, trial: Trial, tilt: f64) -> f64 {
        let (best, other, t) = (self.best.tilted(tilt), self.other.tilted(tilt), trial.tilted(tilt));
        let was_bracketed = self.bracketed;
        let next = interpolated_step(best, other, t, was_bracketed);
        if t.value > best.value || !t.has_slope() {
            self.other = trial;
            self.bracketed = true;
        } else {
            if t.slope * (best.step - t.step) < 0.0 {
                self.other = self.best;
                self.bracketed = true;
            }
            self.best = trial;
        }
        if !self.bracketed {
            let ahead = t.step - best.step;
            return next
                .clamp(t.step + SMALLEST_EXTRAPOLATION * ahead, t.step + LARGEST_EXTRAPOLATION * ahead);
        }
        let width = (self.other.step - self.best.step).abs();
        let shrinks = width < REQUIRED_SHRINKAGE * self.width_before;
        self.width_before = self.width;
        self.width = width;
        let (low, high) = self.ends();
        if shrinks && next > low && next < high { next } else { 0.5 * (low + high) }
    }

    fn ends(&self) -> (f64, f64) {
        (self.best.step.min(self.other.step), self.best.step.max(self.other.step))
    }

    fn is_narrow(&self, relative_width: f64) -> bool {
        let (low, high) = self.ends();
        self.bracketed && high - low <= relative_width * high
    }

    /// Whether a step repeats an end: rounding leaves nothing between.
    fn is_end(&self, step: f64) -> bool {
        step == self.best.step || (self.bracketed && step == self.other.step)
    }
}

/// Trial value selection of §4, cases 1 to 4, before the safeguards that need the updated interval.
fn interpolated_step(l: Trial, u: Trial, t: Trial, bracketed: bool) -> f64 {
    let nearer = |a: f64, b: f64, to: f64| if (a - to).abs() < (b - to).abs() { a } else { b };
    if t.value > l.value || !t.has_slope() {
        let quadratic = quadratic_minimiser(l, t);
        if !t.has_slope() {
            // Where φ rises faster than a parabola, that gives far too small a step.
            let floor = l.step + SMALLEST_REDUCTION * (t.step - l.step);
            return if t.step > l.step { quadratic.max(floor) } else { quadratic.min(floor) };
        }
        let cubic = cubic_minimiser(l, t);
        return match cubic {
            Some(cubic) if (cubic - l.step).abs() < (quadratic - l.step).abs() => cubic,
            Some(cubic) => 0.5 * (cubic + quadratic),
            None => quadratic,
        };
    }
    let secant = t.step - t.slope * (t.step - l.step) / (t.slope - l.slope);
    if t.slope * l.slope < 0.0 {
        return cubic_minimiser(l, t).map_or(secant, |cubic| {
            if (cubic - t.step).abs() >= (secant - t.step).abs() { cubic } else { secant }
        });
    }
    // Without a bracket the longest extrapolation is safe, and the farther of two candidates finds one sooner.
    let far = t.step + LARGEST_EXTRAPOLATION * (t.step - l.step);
    if t.slope.abs() <= l.slope.abs() {
        let beyond = cubic_minimiser(l, t).filter(|cubic| (cubic - t.step) * (t.step - l.step) > 0.0);
        let secant = if secant.is_finite() { secant } else { far };
        if !bracketed {
            return beyond.unwrap_or(far).max(secant);
        }
        let next = beyond.map_or(secant, |cubic| nearer(cubic, secant, t.step));
        let limit = t.step + REQUIRED_SHRINKAGE * (u.step - t.step);
        return if t.step > l.step { next.min(limit) } else { next.max(limit) };
    }
    if !bracketed {
        return far;
    }
    let inside = if u.has_slope() {
        cubic_minimiser(u, t)
    } else {
        Some(quadratic_minimiser(t, u).max(0.9 * t.step + 0.1 * u.step)).filter(|_| u.step > t.step)
    };
    inside.filter(|step| step.is_finite()).unwrap_or(0.5 * (u.step + t.step))
}

/// Minimiser of the cubic through the values and slopes of two trials, if it has one.
fn cubic_minimiser(a: Trial, b: Trial) -> Option<f64> {
    let width = b.step - a.step;
    let mean = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
    // Scaled by the largest of the three against overflow of the squares.
    let scale = mean.abs().max(a.slope.abs()).max(b.slope.abs());
    let discriminant = (mean / scale) * (mean / scale) - (a.slope / scale) * (b.slope / scale);
    let root = scale * discriminant.max(0.0).sqrt() * width.signum();
    let step = b.step - width * (b.slope + root - mean) / (b.slope - a.slope + 2.0 * root);
    (discriminant >= 0.0 && step.is_finite()).then_some(step)
}

/// Minimiser of the parabola through both values and the slope at `a`.
fn quadratic_minimiser(a: Trial, b: Trial) -> f64 {
    let width = b.step - a.step;
    a.step - 0.5 * a.slope * width * width / (b.value - a.value - a.slope * width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::f64::consts::PI;

    type Phi = fn(f64) -> (f64, f64);

    /// (5.1), β = 2: concave beyond its minimum.
    fn function_1(a: f64) -> (f64, f64) {
        let q = a * a + 2.0;
        (-a / q, (a * a - 2.0) / (q * q))
    }

    /// (5.2), β = 0.004.
    fn function_2(a: f64) -> (f64, f64) {
        let b = a + 0.004;
        (b.powi(5) - 2.0 * b.powi(4), 5.0 * b.powi(4) - 8.0 * b.powi(3))
    }

    /// (5.3), β = 0.01, l = 39: a kink with ripples.
    fn function_3(a: f64) -> (f64, f64) {
        let (beta, l) = (0.01, 39.0);
        let (value, slope) = if a <= 1.0 - beta {
            (1.0 - a, -1.0)
        } else if a >= 1.0 + beta {
            (a - 1.0, 1.0)
        } else {
            ((a - 1.0) * (a - 1.0) / (2.0 * beta) + 0.5 * beta, (a - 1.0) / beta)
        };
        let angle = 0.5 * l * PI * a;
        (value + 2.0 * (1.0 - beta) / (l * PI) * angle.sin(), slope + (1.0 - beta) * angle.cos())
    }

    /// (5.4), the functions of Yanai, Ozawa and Kaneko.
    fn yanai(a: f64, beta_1: f64, beta_2: f64) -> (f64, f64) {
        let gamma = |beta: f64| (1.0 + beta * beta).sqrt() - beta;
        let left = ((1.0 - a) * (1.0 - a) + beta_2 * beta_2).sqrt();
        let right = (a * a + beta_1 * beta_1).sqrt();
        (
            gamma(beta_1) * left + gamma(beta_2) * right,
            gamma(beta_1) * (a - 1.0) / left + gamma(beta_2) * a / right,
        )
    }

    /// The six functions with the μ and η of Tables I to VI.
    const PUBLISHED: [(Phi, f64, f64); 6] = [
        (function_1, 1e-3, 1e-1),
        (function_2, 1e-1, 1e-1),
        (function_3, 1e-1, 1e-1),
        (|a| yanai(a, 1e-3, 1e-3), 1e-3, 1e-3),
        (|a| yanai(a, 1e-2, 1e-3), 1e-3, 1e-3),
        (|a| yanai(a, 1e-3, 1e-2), 1e-3, 1e-3),
    ];

    /// What a trial gives: the value, and the slope where it was wanted.
    type Trial = Result<(f64, Option<f64>), Infallible>;

    /// Value and slope at once, asked or not.
    fn both(phi: impl Fn(f64) -> (f64, f64)) -> impl FnMut(f64, &dyn Fn(f64) -> bool) -> Trial {
        move |a, _| {
            let (value, slope) = phi(a);
            Ok((value, Some(slope)))
        }
    }

    fn start(phi: Phi, first_step: f64) -> LineSearchStart {
        let (value, slope) = phi(0.0);
        LineSearchStart { value, slope, first_step, largest_step: f64::INFINITY, value_noise: 0.0 }
    }

    #[test]
    fn strong_wolfe_on_the_published_functions() {
        for (number, (phi, mu, eta)) in PUBLISHED.into_iter().enumerate() {
            for first_step in [1e-3, 1e-1, 1e1, 1e3] {
                let search =
                    MoreThuente { sufficient_decrease: mu, curvature: eta, ..MoreThuente::default() };
                let start = start(phi, first_step);
                let outcome = search.search(&start, both(phi)).unwrap();
                let place = format!("function {} from {first_step}: {outcome:?}", number + 1);
                assert_eq!(outcome.status, LineSearchStatus::StrongWolfe, "{place}");
                assert_eq!(outcome.step, outcome.last_step, "{place}");
                let (value, slope) = phi(outcome.step);
                assert!(value <= start.value + mu * outcome.step * start.slope, "{place}");
                assert!(slope.abs() <= eta * start.slope.abs(), "{place}");
                // The largest count in Tables I to VI is 13.
                assert!(outcome.num_evaluations <= 13, "{place}");
            }
        }
    }

    /// Slopes only where the value asks for them: the same conditions, with fewer slopes than values.
    #[test]
    fn a_value_that_is_too_high_needs_no_slope() {
        for (number, (phi, mu, eta)) in PUBLISHED.into_iter().enumerate() {
            for first_step in [1e-3, 1e-1, 1e1, 1e3] {
                let search =
                    MoreThuente { sufficient_decrease: mu, curvature: eta, ..MoreThuente::default() };
                let start = start(phi, first_step);
                let mut slopes = 0;
                let outcome = search.search(&start, |a, wants_slope| {
                    let (value, slope) = phi(a);
                    let wanted = wants_slope(value);
                    assert_eq!(wanted, value <= start.value + mu * start.slope * a);
                    slopes += usize::from(wanted);
                    Ok::<_, Infallible>((value, wanted.then_some(slope)))
                });
                let outcome = outcome.unwrap();
                let place = format!("function {} from {first_step}: {outcome:?}", number + 1);
                assert_eq!(outcome.status, LineSearchStatus::StrongWolfe, "{place}");
                let (value, slope) = phi(outcome.step);
                assert!(value <= start.value + mu * outcome.step * start.slope, "{place}");
                assert!(slope.abs() <= eta * start.slope.abs(), "{place}");
                assert!(slopes <= outcome.num_evaluations, "{place}");
            }
        }
    }

    #[test]
    fn the_largest_step_is_kept() {
        let falling = both(|a: f64| (-a, -1.0));
        let start =
            LineSearchStart { value: 0.0, slope: -1.0, first_step: 1.0, largest_step: 7.5, value_noise: 0.0 };
        let outcome = MoreThuente::default().search(&start, falling).unwrap();
        assert_eq!((outcome.step, outcome.status), (7.5, LineSearchStatus::AtLargestStep));
    }

    #[test]
    fn steps_outside_the_domain_are_shortened() {
        // φ = −ln(1 − α) − 3α is defined below 1 only, minimum at 2/3.
        let barrier = both(|a: f64| {
            if a < 1.0 { (-(1.0 - a).ln() - 3.0 * a, 1.0 / (1.0 - a) - 3.0) } else { (f64::NAN, f64::NAN) }
        });
        let start = LineSearchStart {
            value: 0.0,
            slope: -2.0,
            first_step: 40.0,
            largest_step: f64::INFINITY,
            value_noise: 0.0,
        };
        let search = MoreThuente { curvature: 0.1, ..MoreThuente::default() };
        let outcome = search.search(&start, barrier).unwrap();
        assert_eq!(outcome.status, LineSearchStatus::StrongWolfe);
        assert!((outcome.step - 2.0 / 3.0).abs() < 0.05);

        let nowhere = both(|_: f64| (f64::NAN, 0.0));
        let outcome = MoreThuente::default().search(&start, nowhere).unwrap();
        assert_eq!((outcome.step, outcome.status), (0.0, LineSearchStatus::NotFinite));
    }

    #[test]
    fn a_function_that_only_rises_gives_no_step() {
        // The slope at 0 is a lie: every step increases φ.
        let rising = both(|a: f64| (a, 1.0));
        let start = LineSearchStart {
            value: 0.0,
            slope: -1.0,
            first_step: 1.0,
            largest_step: f64::INFINITY,
            value_noise: 0.0,
        };
        let outcome = MoreThuente::default().search(&start, rising).unwrap();
        assert_eq!(outcome.step, 0.0);
        assert_ne!(outcome.status, LineSearchStatus::StrongWolfe);
    }

    #[test]
    fn slopes_decide_where_values_are_rounding() {
        // φ = 1 + ½c(α − 1)² with c far below the rounding of 1: all values are equal to 1.
        let curvature = 1e-20;
        let flat = both(|a: f64| (1.0, curvature * (a - 1.0)));
        let mut start = LineSearchStart {
            value: 1.0,
            slope: -curvature,
            first_step: 100.0,
            largest_step: f64::INFINITY,
            value_noise: 0.0,
        };
        let search = MoreThuente { curvature: 0.1, ..MoreThuente::default() };
        start.value_noise = 1e-15;
        let outcome = search.search(&start, flat).unwrap();
        assert_eq!(outcome.status, LineSearchStatus::StrongWolfe);
        assert!((outcome.step - 1.0).abs() <= 0.1);
    }

    #[test]
    fn errors_pass_through() {
        let start = start(function_1, 1.0);
        assert_eq!(MoreThuente::default().search(&start, |_, _| Err("stop")), Err("stop"));
    }
}
