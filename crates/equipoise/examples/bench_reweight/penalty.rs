//! The penalty form: one solver on one problem.

use std::collections::HashMap;
use std::time::Instant;

use equipoise::numeric::parallel::Workers;
use equipoise::reweight::{Bounds, Method, ReweightOptions, Reweighting};
use equipoise::status::Status;
use serde_json::json;

use crate::Outcome;
use crate::answers::{largest_distance, median, median_parts, part_times, write_answer};
use crate::floor::Floor;
use crate::options::Options;
use crate::problem_file::{ProblemFile, build};
use crate::process_memory::PeakMemory;

/// Solves `--repeat` times and prints the median of every time; the memory is that of the first solve.
pub fn solve(options: &Options) -> Outcome<()> {
    let method: Method = options.required("method")?;
    let repeat: usize = options.optional("repeat")?.unwrap_or(1);
    let solve_options = ReweightOptions {
        method,
        penalty: options.required("penalty")?,
        threads: options.optional("threads")?.unwrap_or(1),
        time_limit_seconds: options.optional("time-limit")?,
        ..ReweightOptions::default()
    };
    let path: String = options.required("problem")?;
    let file = ProblemFile::read(&path)?;
    let allowed_bytes = file.allowed_bytes();

    let memory = PeakMemory::start();
    let started = Instant::now();
    let problem = build(file, Bounds::default())?;
    let build_seconds = started.elapsed().as_secs_f64();
    let first = problem.solve(&solve_options)?;
    let peak_bytes = memory.peak_above_start();

    let mut floor =
        if method == Method::Newton { Some(Floor::new(ProblemFile::read(&path)?)?) } else { None };
    let workers = Workers::new(solve_options.threads);
    let mut times: Vec<HashMap<String, f64>> = vec![part_times(&first.timing)?];
    let mut floors = Vec::new();
    for run in 0..repeat {
        // Run 0 is the solve whose memory was measured. The floor alternates with the solves, so that both meet the same
        // load of the machine.
        if run > 0 {
            let again = problem.solve(&solve_options)?;
            if again.digest != first.digest {
                return Err(format!("digest {} became {}", first.digest, again.digest).into());
            }
            times.push(part_times(&again.timing)?);
        }
        if let Some(floor) = &mut floor {
            floors.push(floor.measure(&workers)?);
        }
    }
    let seconds = median(times.iter().map(|t| t["totalSeconds"]));
    let parts = median_parts(&times);
    let floor_seconds: Option<(f64, f64)> =
        floor.map(|_| (median(floors.iter().map(|f| f.0)), median(floors.iter().map(|f| f.1))));
    if let Some(path) = options.optional::<String>("answer")? {
        write_answer(first.multipliers.iter().copied(), &path)?;
    }
    let optimum = options.optional::<String>("optimum")?;
    let distance = optimum.map(|path| largest_distance(&first.multipliers, &path)).transpose()?;
    let certificate = &first.certificate;
    let line = json!({
        "solver": format!("equipoise {}", method.as_str()),
        "version": env!("CARGO_PKG_VERSION"),
        "threads": solve_options.threads,
        "records": problem.num_records(),
        "targets": problem.num_targets(),
        "nonzeros": problem.num_nonzeros(),
        "penalty": solve_options.penalty,
        "status": first.status,
        "outcome": outcome(method, &first),
        "timeLimit": first.status == Status::Cancelled,
        "iterations": first.iterations,
        "runs": repeat,
        "prepareSeconds": build_seconds,
        "seconds": solver_seconds(method, seconds, &first),
        "parts": parts,
        "floor": floor_seconds.map(|(gram, cholesky)| json!({
            "gramSeconds": gram,
            "choleskySeconds": cholesky,
            "ratio": seconds / (gram + cholesky),
        })),
        "peakBytes": peak_bytes,
        "allowedBytes": allowed_bytes,
        "objective": certificate.objective,
        "certificate": certificate,
        "trueDistance": distance,
        "digest": first.digest.to_string(),
    });
    println!("{line}");
    Ok(())
}

/// The certificate's verdict for ours; a peer speaks for itself.
fn outcome(method: Method, answer: &Reweighting) -> &str {
    match (method, answer.attempts.last()) {
        (Method::Clarabel, Some(attempt)) => &attempt.message,
        _ => answer.status.as_str(),
    }
}

/// Time to compare: the whole solve for ours, certificate included; Clarabel's own work alone for Clarabel.
fn solver_seconds(method: Method, total: f64, answer: &Reweighting) -> f64 {
    match method {
        Method::Clarabel => answer.timing.clarabel_seconds,
        _ => total,
    }
}
