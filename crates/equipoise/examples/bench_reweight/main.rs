//! The Rust side of `bench/reweight`: writes the problems, solves them and measures. `bench/reweight/run.mjs` drives it.
//!
//! ```text
//! bench_reweight export --records 225256 --targets 634 --seed 1 --out problem.bin
//! bench_reweight solve --problem problem.bin --penalty 1e-2 --method newton --threads 2 --repeat 5 --answer optimum.f64
//! bench_reweight solve --problem problem.bin --penalty 1e-2 --method clarabel --optimum optimum.f64
//! ```
//!
//! `solve` prints one line of JSON.
#![allow(clippy::print_stdout)]

mod problem_file;
mod process_memory;

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::str::FromStr;
use std::time::Instant;

use equipoise::numeric::cholesky::Cholesky;
use equipoise::numeric::gram::GramPlan;
use equipoise::numeric::parallel::Workers;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{Method, ReweightOptions, ReweightProblem, Reweighting, Target};
use equipoise::status::Status;
use serde_json::{Value, json};

use problem_file::ProblemFile;
use process_memory::PeakMemory;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let options = Options::parse(arguments)?;
    match command.as_str() {
        "export" => export(&options),
        "solve" => solve(&options),
        other => Err(format!("expected export or solve, received {other:?}").into()),
    }
}

/// `--name value` pairs.
struct Options(HashMap<String, String>);

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = HashMap::new();
        while let Some(name) = arguments.next() {
            let name =
                name.strip_prefix("--").ok_or_else(|| format!("expected an option, received {name:?}"))?;
            let value = arguments.next().ok_or_else(|| format!("--{name} has no value"))?;
            options.insert(name.to_string(), value);
        }
        Ok(Self(options))
    }

    fn optional<T: FromStr<Err: Error + 'static>>(&self, name: &str) -> Outcome<Option<T>> {
        self.0.get(name).map(|value| value.parse()).transpose().map_err(|e| format!("--{name}: {e}").into())
    }

    fn required<T: FromStr<Err: Error + 'static>>(&self, name: &str) -> Outcome<T> {
        self.optional(name)?.ok_or_else(|| format!("--{name} is missing").into())
    }
}

fn export(options: &Options) -> Outcome<()> {
    let population = NationalPopulation::generate(
        options.required("records")?,
        options.required("targets")?,
        options.required("seed")?,
    )?;
    let totals: Vec<f64> = population.targets.iter().map(|t| t.total).collect();
    let file = ProblemFile::from_matrix(&population.matrix, population.weight, totals);
    file.write(&options.required::<String>("out")?)
}

/// Solves `--repeat` times and prints the median of every time; the memory is that of the first solve.
fn solve(options: &Options) -> Outcome<()> {
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
    let problem = build(file)?;
    let build_seconds = started.elapsed().as_secs_f64();
    let first = problem.solve(&solve_options)?;
    let peak_bytes = memory.peak_above_start();

    let mut floor =
        if method == Method::Newton { Some(Floor::new(ProblemFile::read(&path)?)?) } else { None };
    let workers = Workers::new(solve_options.threads);
    let mut times: Vec<HashMap<String, f64>> = vec![part_times(&first)?];
    let mut floors = Vec::new();
    for run in 0..repeat {
        // Run 0 is the solve whose memory was measured. The floor alternates with the solves, so that both meet the same
        // load of the machine.
        if run > 0 {
            let again = problem.solve(&solve_options)?;
            if again.digest != first.digest {
                return Err(format!("digest {} became {}", first.digest, again.digest).into());
            }
            times.push(part_times(&again)?);
        }
        if let Some(floor) = &mut floor {
            floors.push(floor.measure(&workers)?);
        }
    }
    let seconds = median(times.iter().map(|t| t["totalSeconds"]));
    let parts: HashMap<&String, f64> = (times[0].keys().filter(|part| *part != "totalSeconds"))
        .map(|part| (part, median(times.iter().map(|t| t[part]))))
        .filter(|(_, seconds)| *seconds > 0.0)
        .collect();
    let floor_seconds: Option<(f64, f64)> =
        floor.map(|_| (median(floors.iter().map(|f| f.0)), median(floors.iter().map(|f| f.1))));
    if let Some(path) = options.optional::<String>("answer")? {
        let bytes: Vec<u8> = first.multipliers.iter().flat_map(|m| m.to_le_bytes()).collect();
        fs::write(path, bytes)?;
    }
    let distance =
        options.optional::<String>("optimum")?.map(|path| largest_distance(&first, &path)).transpose()?;
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

fn build(file: ProblemFile) -> Outcome<ReweightProblem> {
    let targets: Vec<Target> =
        file.totals.iter().enumerate().map(|(j, &total)| Target::new(format!("target_{j}"), total)).collect();
    let weights = ndarray::Array1::from(file.weights);
    let matrix = SparseMatrix::from_csc(
        weights.len(),
        targets.len(),
        file.column_starts,
        file.row_indices,
        file.values,
    )?;
    Ok(ReweightProblem::builder(matrix, weights.view(), targets).build()?)
}

/// The least that any Newton method must do once: the Gram matrix over all records and its Cholesky factor.
struct Floor {
    matrix: SparseMatrix,
    plan: GramPlan,
    rows: Vec<u32>,
    inverse_scale: Vec<f64>,
    gram: Vec<f64>,
    cholesky: Cholesky,
}

impl Floor {
    fn new(file: ProblemFile) -> Outcome<Self> {
        let (n, k) = (file.weights.len(), file.totals.len());
        let matrix = SparseMatrix::from_csc(n, k, file.column_starts, file.row_indices, file.values)?;
        Ok(Self {
            plan: GramPlan::new(&matrix),
            matrix,
            rows: (0..n as u32).collect(),
            inverse_scale: file.totals.iter().map(|t| 1.0 / (t + 1.0)).collect(),
            gram: vec![0.0; k * k],
            cholesky: Cholesky::new(k),
        })
    }

    /// Seconds of the Gram matrix and of the factorisation, in storage that earlier calls have touched.
    fn measure(&mut self, workers: &Workers) -> Outcome<(f64, f64)> {
        let (k, s) = (self.inverse_scale.len(), &self.inverse_scale);
        self.gram.fill(0.0);
        let started = Instant::now();
        self.plan.add(&self.matrix, &self.rows, |_| 1.0, &mut self.gram, workers);
        let gram_seconds = started.elapsed().as_secs_f64();
        let gram = &self.gram;
        let entry = |i: usize, j: usize| s[i] * s[j] * gram[i * k + j] + if i == j { 0.5 } else { 0.0 };
        let started = Instant::now();
        self.cholesky.factor(entry, workers)?;
        Ok((gram_seconds, started.elapsed().as_secs_f64()))
    }
}

fn part_times(answer: &Reweighting) -> Outcome<HashMap<String, f64>> {
    let Value::Object(timing) = serde_json::to_value(&answer.timing)? else {
        return Err("timing is not an object".into());
    };
    Ok(timing
        .into_iter()
        .filter_map(|(part, seconds)| seconds.as_f64().map(|s| (part, s)))
        .filter(|(part, _)| part.ends_with("Seconds"))
        .collect())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) }
}

/// maxᵢ |mᵢ − m*ᵢ| for the optimum m* in a file of doubles.
fn largest_distance(answer: &Reweighting, path: &str) -> Outcome<f64> {
    let bytes = fs::read(path)?;
    let optimum: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    if optimum.len() != answer.multipliers.len() {
        return Err(format!("{path} has {} doubles, not {}", optimum.len(), answer.multipliers.len()).into());
    }
    Ok(answer.multipliers.iter().zip(&optimum).map(|(m, o)| (m - o).abs()).fold(0.0, f64::max))
}
