"""One peer on one problem: prints a line of JSON, of the shape of `bench_reweight solve`.

    peer.py osqp|scipy-lbfgsb --problem problem.bin --penalty 1e-2 --optimum optimum.f64 --time-limit 60
"""

import argparse
import json
import time

import numpy as np
import osqp
import scipy
import scipy.sparse as sp
from scipy.optimize import Bounds, minimize

from penalty_problem import LOWER, UPPER, PeakMemory, PenaltyForm, ProblemFile

OSQP_TOLERANCE = 1e-7
OSQP_MAX_ITERATIONS = 200_000
LBFGSB_OUTCOMES = {0: 'gradient test met', 2: 'line search failed'}


def solve_osqp(form, time_limit, _gradient_tolerance):
    """Variables (m, r), r = B'm - c as equality rows: the Hessian stays diagonal, as for Clarabel."""
    n, k = form.by_rows.shape
    hessian = sp.diags_array(np.concatenate([2 * form.lambdas, np.full(k, 2.0)]), format='csc')
    linear = np.concatenate([-2 * form.lambdas, np.zeros(k)])
    constraints = sp.block_array([[form.transposed, -sp.eye_array(k)], [sp.eye_array(n), None]], format='csc')
    low = np.concatenate([form.c, np.full(n, LOWER)])
    high = np.concatenate([form.c, np.full(n, UPPER)])
    solver = osqp.OSQP()
    solver.setup(
        P=sp.csc_matrix(hessian),
        q=linear,
        A=sp.csc_matrix(constraints),
        l=low,
        u=high,
        eps_abs=OSQP_TOLERANCE,
        eps_rel=OSQP_TOLERANCE,
        max_iter=OSQP_MAX_ITERATIONS,
        time_limit=time_limit,
        verbose=False,
    )
    result = solver.solve()
    info = result.info
    return {
        'version': osqp.__version__,
        'multipliers': np.clip(result.x[:n], LOWER, UPPER),
        'outcome': str(info.status),
        'timeLimit': info.status_val == osqp.SolverStatus.OSQP_TIME_LIMIT_REACHED,
        'iterations': int(info.iter),
    }


def solve_scipy_lbfgsb(form, time_limit, gradient_tolerance):
    """Multipliers alone, analytic gradient; the gradient test alone decides (ftol = 0)."""
    deadline = time.perf_counter() + time_limit

    def check_the_clock(intermediate_result):
        if time.perf_counter() > deadline:
            raise StopIteration

    result = minimize(
        form.objective_and_gradient,
        np.ones(len(form.lambdas)),
        jac=True,
        method='L-BFGS-B',
        bounds=Bounds(LOWER, UPPER),
        callback=check_the_clock,
        options={'gtol': gradient_tolerance, 'ftol': 0.0, 'maxiter': 10**9, 'maxfun': 10**9},
    )
    timed_out = time.perf_counter() > deadline
    return {
        'version': scipy.__version__,
        'multipliers': result.x,
        'outcome': 'time limit' if timed_out else LBFGSB_OUTCOMES.get(result.status, str(result.message)),
        'timeLimit': timed_out,
        'iterations': int(result.nit),
    }


PEERS = {'osqp': solve_osqp, 'scipy-lbfgsb': solve_scipy_lbfgsb}


def measure(peer, form, optimum, time_limit, gradient_tolerance=1e-5):
    """Runs the peer; `optimum` is the certified answer that its multipliers are compared with."""
    started = time.perf_counter()
    answer = PEERS[peer](form, time_limit, gradient_tolerance)
    seconds = time.perf_counter() - started
    m = answer['multipliers']
    return {
        **answer,
        'seconds': seconds,
        'objective': form.objective_and_gradient(m)[0],
        'trueDistance': float(np.abs(m - optimum).max()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('peer', choices=PEERS)
    parser.add_argument('--problem', required=True)
    parser.add_argument('--penalty', type=float, required=True)
    parser.add_argument('--optimum', required=True)
    parser.add_argument('--time-limit', type=float, required=True)
    options = parser.parse_args()
    problem = ProblemFile.read(options.problem)
    optimum = np.fromfile(options.optimum, '<f8')
    memory = PeakMemory()
    started = time.perf_counter()
    form = PenaltyForm(problem, options.penalty)
    prepared = time.perf_counter() - started
    row = measure(options.peer, form, optimum, options.time_limit)
    peak_bytes = memory.above_start()
    del row['multipliers']
    n, k = form.by_rows.shape
    sizes = {'threads': 1, 'records': n, 'targets': k, 'nonzeros': form.by_rows.nnz, 'penalty': options.penalty}
    row |= {'solver': options.peer, 'runs': 1, 'prepareSeconds': prepared, 'peakBytes': peak_bytes}
    print(json.dumps(sizes | row))


if __name__ == '__main__':
    main()
