//! The report for a terminal.

use super::Report;
use crate::sqp::diagnostics::recorder::StepRecord;
use crate::sqp::diagnostics::signal::Signal;
use crate::sqp::status::SqpStatus;

const WIDTH: usize = 88;
/// More steps than twice this and one are cut in the middle.
const SHOWN: usize = 20;

pub(super) fn render(report: &Report, details: bool) -> String {
    let mut page = Page(String::new());
    page.title("SQP diagnosis");
    termination(&mut page, report);
    scaling(&mut page, report);
    metrics(&mut page, report);
    signals(&mut page, report, details);
    diagnoses(&mut page, report);
    counters(&mut page, report);
    trajectory(&mut page, report);
    page.0
}

/// Lines of at most [`WIDTH`] columns.
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    fn title(&mut self, text: &str) {
        self.line(&"=".repeat(WIDTH));
        self.line(text);
        self.line(&"=".repeat(WIDTH));
    }

    fn section(&mut self, text: &str) {
        self.line("");
        self.line(text);
        self.line(&"-".repeat(WIDTH));
    }

    /// Words in lines that begin with `first`, the next ones with as many spaces.
    fn wrapped(&mut self, first: &str, text: &str) {
        let indent = " ".repeat(first.chars().count());
        let (mut line, mut empty) = (first.to_owned(), true);
        for word in text.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                (line, empty) = (indent.clone(), true);
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line);
    }
}

/// Four significant digits; counts as they are.
fn number(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+inf" } else { "-inf" }.into()
    } else if value.abs() < 1e6 && value == value.trunc() {
        format!("{value:.0}")
    } else {
        format!("{value:.3e}")
    }
}

fn termination(page: &mut Page, report: &Report) {
    page.section("Termination");
    let status = report.status.as_str();
    let line = if report.status == SqpStatus::Converged {
        "converged".into()
    } else {
        format!("NOT converged ({status})")
    };
    page.line(&format!("status   {line}"));
    page.line(&format!("steps    {} of at most {}", report.steps.0, report.steps.1));
    page.wrapped("reason   ", &report.message);
}

fn scaling(page: &mut Page, report: &Report) {
    let factors = &report.scaling;
    let scaled = |s: &f64| *s != 1.0;
    if !scaled(&factors.objective) && !factors.constraints.iter().any(scaled) {
        return;
    }
    page.section("Automatic scaling");
    page.line(&format!("objective    x {}", number(factors.objective)));
    if let (Some(least), Some(largest)) = (
        factors.constraints.iter().copied().reduce(f64::min),
        factors.constraints.iter().copied().reduce(f64::max),
    ) {
        let mut sorted = factors.constraints.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        if least == largest {
            page.line(&format!("constraints  x {} ({} rows)", number(least), sorted.len()));
        } else {
            let [least, median, largest] = [least, median, largest].map(number);
            page.line(&format!("constraints  x {least} (least), {median} (median), {largest} (largest)"));
        }
        if factors.num_skipped > 0 {
            page.line(&format!("left alone   {} rows whose gradient is 0 at the start", factors.num_skipped));
        }
    }
    page.line("Numbers below are in your units.");
}

fn metrics(page: &mut Page, report: &Report) {
    if report.metrics.is_empty() {
        return;
    }
    page.section("At the end");
    let (stationarity, feasibility) = report.tolerances;
    for (label, value) in &report.metrics {
        let limit = match *label {
            "relative stationarity" => format!("   limit {}", number(stationarity)),
            "largest violation" => format!("   limit {}", number(feasibility)),
            _ => String::new(),
        };
        page.line(&format!("{label:<36}{}{limit}", number(*value)));
    }
}

fn signals(page: &mut Page, report: &Report, details: bool) {
    if report.signals.is_empty() && report.less_likely.is_empty() {
        return;
    }
    page.section("Signals");
    if report.signals.is_empty() {
        page.line("None of the signals that fired bears on this kind of end.");
    }
    for signal in &report.signals {
        describe(page, signal, details);
    }
    if !report.less_likely.is_empty() {
        page.section("Signals that are less likely to matter for this end");
        for signal in &report.less_likely {
            describe(page, signal, details);
        }
    }
}

fn describe(page: &mut Page, signal: &Signal, details: bool) {
    let (confidence, specificity, magnitude) =
        (signal.confidence.as_str(), signal.specificity.as_str(), signal.magnitude.as_str());
    page.line(&format!("[{confidence}] {} ({specificity}, {magnitude})", signal.name));
    page.wrapped("    ", &signal.summary);
    if details {
        page.wrapped("    ", &signal.detail);
    }
    if let Some(step) = signal.offending_step {
        page.line(&format!("    look at step {step}"));
    }
    for (name, value) in &signal.evidence {
        page.line(&format!("      {name:<34}{}", number(*value)));
    }
    if !signal.artifacts.is_empty() {
        let names: Vec<&str> = signal.artifacts.keys().map(String::as_str).collect();
        page.wrapped("    arrays: ", &names.join(", "));
    }
    for suggestion in &signal.suggestions {
        page.wrapped("    try: ", &suggestion.text);
    }
    page.line("");
}

fn diagnoses(page: &mut Page, report: &Report) {
    if report.diagnoses.is_empty() {
        return;
    }
    page.section("What the signals mean together");
    for diagnosis in &report.diagnoses {
        page.line(&format!("[{}] {}", diagnosis.confidence.as_str(), diagnosis.name));
        page.wrapped("    ", &diagnosis.cause);
        page.wrapped("    from: ", &diagnosis.related_signals.join(", "));
        for suggestion in &diagnosis.suggestions {
            page.wrapped("    try: ", &suggestion.text);
        }
        page.line("");
    }
}

fn counters(page: &mut Page, report: &Report) {
    page.section("Counters");
    for (name, value, meaning) in &report.counters {
        page.wrapped(&format!("{name:<33}{:>11}  ", number(*value)), meaning);
    }
}

fn trajectory(page: &mut Page, report: &Report) {
    page.section("Path");
    page.line("step            f        merit    KKT ratio   step length   QP its   QP   line search");
    let steps = &report.trajectory;
    if steps.len() <= 2 * SHOWN + 1 {
        steps.iter().for_each(|record| step(page, record));
        return;
    }
    steps[..SHOWN].iter().for_each(|record| step(page, record));
    page.line("...");
    steps[steps.len() - SHOWN..].iter().for_each(|record| step(page, record));
}

fn step(page: &mut Page, record: &StepRecord) {
    let s = &record.summary;
    let word = |yes: bool| if yes { "ok" } else { "failed" };
    page.line(&format!(
        "{:>4} {:>12.4e} {:>12.4e} {:>12.4e} {:>13.3e} {:>8}   {:<6} {}",
        s.step_count,
        s.f_val,
        s.merit,
        s.kkt_ratio,
        s.last_alpha,
        s.qp_iterations_step,
        word(s.qp_converged),
        word(s.ls_success)
    ));
}
