//! The convex quadratic programs of Maros and Mészáros, scored as the cases' README asks.

use equipoise::certificate::linear_system::LinearSystem;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::qp::dual_active_set::{QuadraticEnd, QuadraticOptions, QuadraticProblem};
use equipoise_testset::{QuadraticProgram, cases_folder, read_maros_meszaros};

fn problem(program: &QuadraticProgram) -> (QuadraticProblem, LinearSystem) {
    let c = &program.constraints;
    let (m, n) = (c.row_names.len(), c.column_names.len());
    let rows: Vec<u32> = c.entries.iter().map(|e| e.0).collect();
    let columns: Vec<u32> = c.entries.iter().map(|e| e.1).collect();
    let values: Vec<f64> = c.entries.iter().map(|e| e.2).collect();
    let matrix = SparseMatrix::from_triples(m, n, &rows, &columns, &values).unwrap();
    let row_bounds = (c.row_lower.clone(), c.row_upper.clone());
    let system = LinearSystem::new(matrix, row_bounds, (c.lower.clone(), c.upper.clone())).unwrap();
    let mut hessian = vec![0.0; n * n];
    for &(i, j, value) in &program.hessian_upper {
        hessian[i as usize * n + j as usize] = value;
        hessian[j as usize * n + i as usize] = value;
    }
    (QuadraticProblem::new(hessian, program.linear.clone(), system.clone()).unwrap(), system)
}

#[expect(clippy::print_stdout)]
#[test]
fn optima_are_reached_with_certificate() {
    let Some(folder) = cases_folder() else { return };
    let text = std::fs::read_to_string(folder.join("qp_maros_meszaros.json")).unwrap();
    let mut failed = Vec::new();
    for program in read_maros_meszaros(&text) {
        let (problem, system) = problem(&program);
        let answer = problem.solve_convex(&QuadraticOptions::default());
        let found = answer.residuals.objective + program.constant;
        let scale = program.optimum.abs().max(1.0);
        println!(
            "{}: {:?} after {} steps, {found:.10e} against {:.10e}, residual {:e}",
            program.name,
            answer.end,
            answer.iterations,
            program.optimum,
            answer.residuals.largest()
        );
        let right = answer.end == QuadraticEnd::Solved
            && (found - program.optimum).abs() <= 1e-6 * scale
            && system.max_violation(&answer.x) <= 1e-7;
        // A wrong claim is worse than a missing one.
        assert!(!matches!(answer.end, QuadraticEnd::Infeasible(_)), "{}", program.name);
        assert!(right || answer.end != QuadraticEnd::Solved, "{}: a wrong optimum", program.name);
        if !right {
            failed.push(program.name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
