//! Times areas of a national problem in the band form: seconds, statuses, the largest certified bound, and peak memory, both as
//! bytes that were allocated at the same time and as the system counts it.
//!
//! `cargo run --release --example areas -- AREAS RECORDS TARGETS THREADS [CAP]`
//!
//! Area a has 0.5 to 1.5 times the population share 1/AREAS, and totals that differ from that share of the national ones by up
//! to 4 %.
#![allow(clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use equipoise::control::CancelFlag;
use equipoise::error::InputError;
use equipoise::reweight::areas::{Area, AreaResult, AreasOptions};
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::{FormAnswer, ReweightProblem, Target};
use ndarray::ArrayView1;

fn main() -> Result<(), InputError> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize, default: usize| arguments.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (num_areas, records, targets, threads) =
        (number(1, 20), number(2, 225_256), number(3, 92), number(4, 2));
    let problem = national(records, targets)?;
    let areas: Vec<Area> = (0..num_areas).map(|a| area(&problem, a, num_areas)).collect();
    let exhaustion_cap = arguments.get(5).and_then(|a| a.parse().ok());
    let options = AreasOptions { threads, exhaustion_cap, ..AreasOptions::default() };
    let at_rest = memory("VmRSS");
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    let allocated = LIVE.load(Ordering::Relaxed);
    let mut largest_bound = 0.0f64;
    let mut parts = Parts::default();
    let summary = problem.solve_areas(&areas, &options, &CancelFlag::default(), |area| {
        if let Some(answer) = &area.answer {
            largest_bound = largest_bound.max(answer.distance_bound());
        }
        parts.add(&area);
        ControlFlow::Continue(())
    })?;
    println!(
        "{num_areas} areas of {records} x {targets}, {threads} threads: {:.2} s, digest {}",
        summary.seconds, summary.digest
    );
    println!("statuses {:?}, rounds {}, largest bound {largest_bound:.1e}", summary.statuses, summary.rounds);
    println!("seconds of one area: {}", parts.means());
    let exhaustion = &summary.exhaustion;
    println!(
        "exhaustion {:.3} to {:.3}, mean {:.3}; above 1: {}, above the cap: {:?}",
        exhaustion.minimum,
        exhaustion.maximum,
        exhaustion.mean,
        exhaustion.num_above_one,
        exhaustion.num_above_cap
    );
    let vectors = |bytes: f64| bytes / (8 * records) as f64;
    let beyond = (PEAK.load(Ordering::Relaxed) - allocated) as f64;
    println!(
        "allocated {:.1} MB before, {:.1} MB more at the peak: {:.1} vectors of n, {:.2} per thread",
        allocated as f64 / 1e6,
        beyond / 1e6,
        vectors(beyond),
        vectors(beyond) / threads as f64
    );
    if let (Some(rest), Some(peak)) = (at_rest, memory("VmHWM")) {
        println!("resident {:.0} MB before, {:.0} MB at the peak", rest / 1e6, peak / 1e6);
    }
    Ok(())
}

/// Seconds of the areas by part.
#[derive(Default)]
struct Parts {
    areas: f64,
    seconds: [f64; 8],
}

impl Parts {
    const NAMES: [&str; 8] =
        ["in all", "grouping", "passes", "Gram", "Cholesky", "finish", "certificate", "report"];

    fn add(&mut self, area: &AreaResult) {
        let Some(FormAnswer::Bands(answer)) = &area.answer else { return };
        let t = &answer.timing;
        let parts = [
            area.seconds,
            t.grouping_seconds,
            t.passes_seconds,
            t.gram_seconds,
            t.cholesky_seconds,
            t.finish_seconds,
            t.certificate_seconds,
            t.report_seconds,
        ];
        self.areas += 1.0;
        self.seconds.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }

    fn means(&self) -> String {
        let mean = |(name, sum): (&&str, &f64)| format!("{name} {:.4}", sum / self.areas);
        Self::NAMES.iter().zip(&self.seconds).map(mean).collect::<Vec<_>>().join(", ")
    }
}

/// The population is freed here: what is measured afterwards is the problem.
fn national(records: usize, targets: usize) -> Result<ReweightProblem, InputError> {
    let population = NationalPopulation::generate(records, targets, 1)?;
    let targets = population.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    ReweightProblem::builder(population.matrix, ArrayView1::from(&population.weight), targets).build()
}

fn area(problem: &ReweightProblem, a: usize, num_areas: usize) -> Area {
    let spread = |seed: usize| libm::sin(seed as f64 * 12.9898);
    let share = (1.0 + 0.5 * spread(a + 1)) / num_areas as f64;
    let total =
        |(j, target): (usize, &Target)| Some(target.total * share * (1.0 + 0.04 * spread(1000 * a + j)));
    Area {
        weight_scale: share,
        totals: Some(problem.targets().iter().enumerate().map(total).collect()),
        ..Area::new(format!("area {a}"))
    }
}

/// Bytes allocated now, and at most.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// A line of this process's memory statistics in bytes, where the system has them.
fn memory(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| 1024.0 * kilobytes)
}
