//! The band form: one solver on one problem.

use std::time::Instant;

use equipoise::reweight::Bounds;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandReweighting, BandWeight};
use equipoise::status::Status;
use serde_json::json;

use crate::Outcome;
use crate::answers::{largest_distance, median, median_parts, part_times, write_answer};
use crate::options::Options;
use crate::problem_file::{ProblemFile, build};
use crate::process_memory::PeakMemory;

/// Solves `--repeat` times and prints the median of every time; the memory is that of the first solve.
pub fn solve(options: &Options) -> Outcome<()> {
    let method = match options.required::<String>("method")?.as_str() {
        "proximal_newton" => BandMethod::ProximalNewton,
        "clarabel" => BandMethod::Clarabel,
        other => {
            return Err(format!("--method: expected proximal_newton or clarabel, received {other:?}").into());
        }
    };
    let repeat: usize = options.optional("repeat")?.unwrap_or(1);
    let tolerance: f64 = options.required("tolerance")?;
    let elastic: f64 = options.required("elastic")?;
    let (lower, upper): (f64, f64) = (options.required("lower")?, options.required("upper")?);
    let solve_options = BandOptions {
        band: Band::Relative(tolerance),
        weight: if elastic.is_finite() { BandWeight::Elastic(elastic) } else { BandWeight::Hard },
        method,
        threads: options.optional("threads")?.unwrap_or(1),
        time_limit_seconds: options.optional("time-limit")?,
        ..BandOptions::default()
    };
    let file = ProblemFile::read(&options.required::<String>("problem")?)?;
    let allowed_bytes = file.allowed_bytes();

    let memory = PeakMemory::start();
    let started = Instant::now();
    let problem = build(file, Bounds::Uniform { lower, upper })?;
    let build_seconds = started.elapsed().as_secs_f64();
    let first = problem.solve_bands(&solve_options)?;
    let peak_bytes = memory.peak_above_start();

    let mut times = vec![part_times(&first.timing)?];
    for _ in 1..repeat {
        let again = problem.solve_bands(&solve_options)?;
        if again.digest != first.digest {
            return Err(format!("digest {} became {}", first.digest, again.digest).into());
        }
        times.push(part_times(&again.timing)?);
    }
    let seconds = match method {
        // Clarabel's own work alone.
        BandMethod::Clarabel => first.timing.clarabel_seconds,
        _ => median(times.iter().map(|t| t["totalSeconds"])),
    };
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
        "nonzeros": problem.num_nonzeros(),
        "outcome": outcome(method, &first),
        "timeLimit": first.status == Status::Cancelled,
        "iterations": first.iterations,
        "runs": repeat,
        "prepareSeconds": build_seconds,
        "seconds": seconds,
        "parts": median_parts(&times),
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
fn outcome(method: BandMethod, answer: &BandReweighting) -> &str {
    match (method, answer.attempts.last()) {
        (BandMethod::Clarabel, Some(attempt)) => &attempt.message,
        _ => answer.status.as_str(),
    }
}
