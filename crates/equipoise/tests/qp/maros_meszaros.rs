//! The convex quadratic programs of Maros and Mészáros, scored as the cases' README asks.

use equipoise::certificate::quadratic::QuadraticProgram;
use equipoise::numeric::matrix::Matrix;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::qp::{QpMethod, QpOptions, QpProblem, QpStatus};
use equipoise_testset::{QuadraticProgram as Case, cases_folder, read_maros_meszaros};

fn program(case: &Case) -> QuadraticProgram {
    let c = &case.constraints;
    let (m, n) = (c.row_names.len(), c.column_names.len());
    let sparse = |rows: usize, entries: &[(u32, u32, f64)]| {
        let rows_of: Vec<u32> = entries.iter().map(|e| e.0).collect();
        let columns: Vec<u32> = entries.iter().map(|e| e.1).collect();
        let values: Vec<f64> = entries.iter().map(|e| e.2).collect();
        Matrix::from(SparseMatrix::from_triples(rows, n, &rows_of, &columns, &values).unwrap())
    };
    let mut both = case.hessian_upper.clone();
    both.extend(case.hessian_upper.iter().filter(|e| e.0 != e.1).map(|&(i, j, v)| (j, i, v)));
    QuadraticProgram::new(
        sparse(n, &both),
        case.linear.clone(),
        sparse(m, &c.entries),
        (c.row_lower.clone(), c.row_upper.clone()),
        (c.lower.clone(), c.upper.clone()),
    )
    .unwrap()
}

/// Solves all cases; the names of those that miss the bar.
#[expect(clippy::print_stdout)]
fn failures(method: QpMethod) -> Option<Vec<String>> {
    let folder = cases_folder()?;
    let text = std::fs::read_to_string(folder.join("qp_maros_meszaros.json")).unwrap();
    let mut failed = Vec::new();
    for case in read_maros_meszaros(&text) {
        let mut problem = QpProblem::from(program(&case));
        let answer = problem.solve(&QpOptions { method, ..Default::default() });
        let scale = case.optimum.abs().max(1.0);
        let (primal, dual) =
            (answer.objective() + case.constant, answer.residuals.dual_objective + case.constant);
        println!(
            "{}: {:?} by {:?} after {} steps, {dual:.10e} to {primal:.10e} against {:.10e}, residual {:e}",
            case.name,
            answer.status,
            answer.method,
            answer.iterations,
            case.optimum,
            answer.residuals.relative()
        );
        let violation = problem.program().system().unwrap().max_violation(&answer.x);
        let right = answer.status == QpStatus::Converged
            && (primal - case.optimum).abs() <= 1e-6 * scale
            && violation <= 1e-7
            && dual <= case.optimum + 1e-6 * scale
            && primal - dual <= 1e-6 * scale;
        // A wrong claim is worse than a missing one.
        assert!(
            !matches!(answer.status, QpStatus::Infeasible | QpStatus::Unbounded | QpStatus::NotConvex),
            "{}",
            case.name
        );
        assert!(right || answer.status != QpStatus::Converged, "{}: a wrong optimum", case.name);
        if !right {
            failed.push(case.name);
        }
    }
    Some(failed)
}

#[test]
fn optima_are_reached_with_certificate() {
    let Some(failed) = failures(QpMethod::Auto) else { return };
    assert!(failed.is_empty(), "{failed:?}");
}
