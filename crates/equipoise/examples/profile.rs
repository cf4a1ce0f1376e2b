//! Times the parts of a national reweighting.
#![allow(clippy::print_stdout)]
use equipoise::reweight::synthetic::NationalPopulation;
use equipoise::reweight::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let k: usize = a[2].parse().unwrap();
    let threads: usize = a[3].parse().unwrap();
    let t = Instant::now();
    let p = NationalPopulation::generate(n, k, 1).unwrap();
    println!("generate {:?} nnz {}", t.elapsed(), p.matrix.num_nonzeros());
    let t = Instant::now();
    let targets = p.targets.iter().map(|t| Target::new(t.name.clone(), t.total)).collect();
    let problem = ReweightProblem::builder(p.matrix.clone(), ndarray::ArrayView1::from(&p.weight), targets)
        .build()
        .unwrap();
    println!("build {:?}", t.elapsed());
    for pen in &a[4..] {
        for _ in 0..2 {
            let o = ReweightOptions {
                penalty: pen.parse().unwrap(),
                threads,
                method: std::env::var("METHOD").map(|m| m.parse().unwrap()).unwrap_or(Method::Newton),
                ..Default::default()
            };
            let r = problem.solve(&o).unwrap();
            println!(
                "{pen} {} it {} bound {:.1e} rel {:.1e} before {:.1e} gap {:.1e} pg {:.1e} obj {} lo {} hi {} digest {}",
                r.status,
                r.iterations,
                r.certificate.distance_bound,
                r.certificate.relative_distance_bound,
                r.certificate.bound_before_rounding,
                r.certificate.duality_gap,
                r.certificate.stationarity,
                r.certificate.objective,
                r.certificate.num_at_lower,
                r.certificate.num_at_upper,
                r.digest
            );
            println!("{:?}", r.timing);
            for h in &r.history {
                println!(
                    "   {} {} {:.2e} step {:.3} free {} changed {}",
                    h.method, h.iteration, h.residual, h.step_length, h.num_free, h.num_changed
                );
            }
        }
    }
}
