//! The report as text and as strict JSON.

use equipoise::sqp::SqpStatus;
use serde_json::Value;

use crate::real::{starved, wrong_gradient};
use crate::support::{Case, rosenbrock, rosenbrock_gradient};

#[test]
fn the_text_has_its_sections_and_no_line_is_too_wide() {
    let found = wrong_gradient().diagnose();
    let text = found.report.text_with_details();
    let sections =
        ["Termination", "At the end", "Signals", "What the signals mean together", "Counters", "Path"];
    let mut from = 0;
    for section in sections {
        from += text[from..].find(section).unwrap_or_else(|| panic!("{section} in {text}"));
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
    assert!(text.contains("NOT converged (line_search_failure)"));
    assert!(text.contains("wrong_derivatives"));
    // The mechanism is told on request only.
    let detail = &found.signals.iter().find(|s| s.name == "line_search_collapse").unwrap().detail;
    let words: Vec<&str> = detail.split_whitespace().take(4).collect();
    assert!(text.contains(&words.join(" ")) && !found.report.text().contains(&words.join(" ")));
}

#[test]
fn the_json_is_strict_and_complete() {
    let found = starved().diagnose();
    let document: Value = serde_json::from_str(&found.report.json()).unwrap();
    assert_eq!(document["termination"]["status"], "max_steps");
    assert_eq!(document["trajectory"].as_array().unwrap().len(), 10);
    assert_eq!(document["trajectory"][0].as_object().unwrap().len(), 39 + 4);
    assert_eq!(document["counters"].as_object().unwrap().len(), 27);
    // Infinity has no number in JSON.
    assert_eq!(document["counters"]["min_projected_grad_norm"], "inf");
    let signals = document["signals"].as_array().unwrap();
    let starvation = signals.iter().find(|s| s["name"] == "penalty_starvation").unwrap();
    assert_eq!(starvation["evidence"]["frozen_prefix_steps"], 10.0);
    assert_eq!(
        starvation["suggestions"][0]["changes"][0],
        serde_json::json!({"option": "initialPenalty", "value": 100.0})
    );
    assert_eq!(starvation["artifacts"], serde_json::json!(["rho_prefix", "violations_prefix"]));
}

#[test]
fn a_run_that_converged_has_a_report_too() {
    let found = Case::new(&[-1.2, 1.0], rosenbrock).gradient(rosenbrock_gradient).diagnose();
    assert_eq!(found.report.status, SqpStatus::Converged);
    assert!(found.report.text().contains("status   converged"));
    assert_eq!(found.report.trajectory.len() as u64, found.result.steps);
}

#[test]
fn working_sets_are_told_in_the_users_words() {
    let found = Case::new(&[0.5, 0.5], rosenbrock)
        .gradient(rosenbrock_gradient)
        .bounds(&[-2.0, -2.0], &[0.9, 0.8])
        .diagnose();
    let names: Vec<&str> = found.report.active.iter().map(|track| track.name.as_str()).collect();
    assert!(names.iter().any(|name| name.ends_with("<= 0.8") || name.ends_with("<= 0.9")), "{names:?}");
    for track in &found.report.active {
        assert!(track.spans.iter().all(|(first, last)| first <= last && *last <= found.result.steps));
    }
}
