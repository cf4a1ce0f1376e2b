"""cvxpy with OSQP, and OSQP alone, on the programs of bench/targets: JSON lines in, JSON lines out.

A request is a model, limits on single weights, on the sum and on groups. As a service would, cvxpy states and solves the program anew
for every request; OSQP alone gets ready-made sparse matrices.
"""

import json
import statistics
import sys
import time

import cvxpy as cp
import numpy as np
import osqp
import scipy.sparse as sp

# As tight as it takes for four decimals that do not change.
TOLERANCES = {"eps_abs": 1e-8, "eps_rel": 1e-8, "max_iter": 100_000}


def read(line):
    case = json.loads(line)
    groups = [(group["members"], float(group["most"])) for group in case["groups"]]
    limits = (float(case["cap"]), float(case["least"]), float(case["most"]))
    return np.array([float(weight) for weight in case["model"]]), *limits, groups


def by_cvxpy(model, cap, least, most, groups):
    w = cp.Variable(len(model))
    invested = cp.sum(w)
    constraints = [w >= 0, w <= cap, invested >= least, invested <= most]
    constraints += [cp.sum(w[members]) <= limit for members, limit in groups]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(w - model)), constraints)
    problem.solve(solver=cp.OSQP, **TOLERANCES)
    return w.value


def by_osqp(model, cap, least, most, groups):
    n = len(model)
    rows = sp.lil_matrix((len(groups), n))
    for row, (members, _) in enumerate(groups):
        rows[row, members] = 1
    a = sp.vstack([sp.eye(n), sp.csr_matrix(np.ones((1, n))), rows], format="csc")
    lower = np.concatenate([np.zeros(n), [least], np.full(len(groups), -np.inf)])
    upper = np.concatenate([np.full(n, cap), [most], [limit for _, limit in groups]])
    p = sp.eye(n, format="csc")

    def solve():
        solver = osqp.OSQP()
        solver.setup(p, -model, a, lower, upper, verbose=False, **TOLERANCES)
        return solver.solve().x

    return solve


def timed(solve):
    """Processor time: what other work on the machine takes is not counted against the peers."""
    seconds, begin = [], time.perf_counter()
    while len(seconds) < 5 or (time.perf_counter() - begin < 2 and len(seconds) < 200):
        start = time.process_time()
        weights = solve()
        seconds.append(time.process_time() - start)
    return {"seconds": statistics.median(seconds), "least": min(seconds), "runs": len(seconds), "weights": list(weights)}


for line in sys.stdin:
    case = read(line)
    answer = {"cvxpy": timed(lambda: by_cvxpy(*case)), "osqp": timed(by_osqp(*case))}
    print(json.dumps(answer), flush=True)
