"""The fault that equipoise answers: L-BFGS on clamped multipliers gives other weights from the same data.

    motivating_fault.py --solver target/release/examples/bench_reweight --scratch DIR --out DIR [--quick]

The same records are solved in the given order with one thread, with two threads, and in another order. Exact arithmetic
would give one answer; sums of doubles taken in another order differ in their last digit. The objective is nearly flat in
many directions and a clamped multiplier has no gradient at all, so nothing takes the differences back: they grow until
numpy.allclose fails. PyTorch's L-BFGS is used
if it is installed (`run.mjs --torch`), else SciPy's on the same clamped objective, where only the order can change.
Writes motivating_fault.csv and prints the table as Markdown.
"""

import argparse
import csv
import pathlib
import subprocess

import numpy as np
from scipy.optimize import minimize

from penalty_problem import LOWER, UPPER, PenaltyForm, ProblemFile

try:
    import torch
except ImportError:
    torch = None

PENALTY = 1e-2


def clamped_lbfgs_torch(problem, threads, iterations):
    """Dense product and .sum(), as tax models have done it."""
    torch.set_num_threads(threads)
    matrix, w0, totals = (
        torch.tensor(x, dtype=torch.float64)
        for x in (problem.matrix.toarray(), problem.design_weights, problem.totals)
    )

    def loss(m):
        return ((((w0 * m)[:, None] * matrix).sum(dim=0) - totals) / (totals + 1)).square().sum()

    initial_loss, sum_of_squares = loss(torch.ones_like(w0)), w0.square().sum()
    multipliers = torch.ones_like(w0, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [multipliers],
        max_iter=iterations,
        max_eval=10 * iterations,
        line_search_fn='strong_wolfe',
        tolerance_grad=1e-12,
        tolerance_change=1e-14,
    )

    def closure():
        optimizer.zero_grad()
        m = torch.clamp(multipliers, LOWER, UPPER)
        objective = loss(m) + PENALTY * initial_loss * (w0 * (m - 1)).square().sum() / sum_of_squares
        objective.backward()
        return objective

    optimizer.step(closure)
    return torch.clamp(multipliers.detach(), LOWER, UPPER).numpy()


def clamped_lbfgs_scipy(problem, _threads, iterations):
    """L-BFGS without bounds on the clamped objective; the gradient of a clamped multiplier is zero."""
    form = PenaltyForm(problem, PENALTY)

    def clamped(m):
        inside = np.clip(m, LOWER, UPPER)
        objective, gradient = form.objective_and_gradient(inside)
        return objective, np.where(inside == m, gradient, 0.0)

    options = {'maxiter': iterations, 'maxfun': 10 * iterations, 'gtol': 1e-12, 'ftol': 0.0}
    answer = minimize(clamped, np.ones(len(form.lambdas)), jac=True, method='L-BFGS-B', options=options)
    return np.clip(answer.x, LOWER, UPPER)


def equipoise(problem, threads, solver, scratch):
    file, answer = scratch / 'motivating_fault.bin', scratch / 'motivating_fault.f64'
    problem.write(file)
    command = [solver, 'solve', '--problem', file, '--penalty', PENALTY, '--method', 'newton']
    command += ['--threads', threads, '--answer', answer]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return np.fromfile(answer, '<f8')


def digest(multipliers):
    """FNV-1a 64 over the little-endian bytes, as equipoise prints it."""
    state = 0xCBF29CE484222325
    for byte in multipliers.astype('<f8').tobytes():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    return f'{state:016x}'


def runs(problem):
    """Name, problem, threads, and how to bring the answer back into the given order of the records."""
    n = len(problem.design_weights)
    order = np.random.default_rng(1).permutation(n)
    return [
        ('given order, 1 thread', problem, 1, np.arange(n)),
        ('given order, 2 threads', problem, 2, np.arange(n)),
        ('records in another order, 1 thread', problem.with_records_in_order(order), 1, np.argsort(order)),
    ]


def compare(name, solve, problem, optimum):
    """Each run against the first."""
    form, rows, first = PenaltyForm(problem, PENALTY), [], None
    for run, variant, threads, back in runs(problem):
        m = solve(variant, threads)[back]
        first = m if first is None else first
        low, high = np.minimum(m, first), np.maximum(m, first)
        rows.append({
            'solver': name,
            'run': run,
            'objective': form.objective_and_gradient(m)[0],
            'allclose_to_first_run': bool(np.allclose(m, first)),
            'records_outside': int((~np.isclose(m, first)).sum()),
            'largest_difference': float((high - low).max()),
            'at_a_bound_in_one_run_only': int(((low == LOWER) & (high > LOWER) | (high == UPPER) & (low < UPPER)).sum()),
            'at_opposite_bounds': int(((low == LOWER) & (high == UPPER)).sum()),
            'distance_from_optimum': float(np.abs(m - optimum).max()),
            'digest': digest(m),
        })
    return rows


def markdown(rows):
    columns = {
        'solver': 'solver',
        'run': 'run',
        'objective': 'objective',
        'allclose_to_first_run': '`allclose` to the first run',
        'records_outside': 'records outside',
        'largest_difference': 'largest difference',
        'at_a_bound_in_one_run_only': 'at a bound in one run only',
        'at_opposite_bounds': 'at opposite bounds',
        'distance_from_optimum': 'max abs(m − m*)',
        'digest': 'digest',
    }
    text = [list(columns.values()), ['---'] * len(columns)]
    text += [[f'{x:.4g}' if isinstance(x, float) else str(x) for x in map(row.get, columns)] for row in rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--solver', type=pathlib.Path, required=True)
    parser.add_argument('--scratch', type=pathlib.Path, required=True)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    parser.add_argument('--quick', action='store_true', help='5,000 records, 60 targets, 200 iterations')
    options = parser.parse_args()
    records, targets, iterations = (5_000, 60, 200) if options.quick else (20_000, 100, 1_000)
    file = options.scratch / 'motivating_fault_population.bin'
    size = ['--records', str(records), '--targets', str(targets), '--seed', '1', '--out', str(file)]
    subprocess.run([str(options.solver), 'export', *size], check=True)
    problem = ProblemFile.read(file)

    def ours(variant, threads):
        return equipoise(variant, threads, options.solver, options.scratch)

    def theirs(variant, threads):
        return lbfgs(variant, threads, iterations)

    if torch is None:
        name, lbfgs = 'SciPy L-BFGS on clamped multipliers', clamped_lbfgs_scipy
    else:
        name, lbfgs = f'PyTorch {torch.__version__.split("+")[0]} L-BFGS on clamped multipliers', clamped_lbfgs_torch
    optimum = ours(problem, 1)
    rows = compare(f'{name}, {iterations} iterations', theirs, problem, optimum)
    rows += compare('equipoise newton', ours, problem, optimum)
    with (options.out / 'motivating_fault.csv').open('w', newline='') as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    print(f'{records:,} records, {targets} targets, penalty {PENALTY}:\n\n{markdown(rows)}')


if __name__ == '__main__':
    main()
