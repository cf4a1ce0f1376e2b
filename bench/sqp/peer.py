"""SciPy's SLSQP on the problems of bench/sqp, with analytic gradients; one JSON line per problem.

    peer.py family portfolio 500
    peer.py hock-schittkowski PROGRAM        PROGRAM serves the functions (`bench_sqp serve`)
"""

import json
import subprocess
import sys
import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, minimize


def weighted_quad(n):
    w, t = np.linspace(1, 10, n), np.ones(n)
    t[:4] = -2
    rows = np.eye(n)[: min(4, n)]
    constraints = [LinearConstraint(np.ones((1, n)), n, n), LinearConstraint(rows, 0, np.inf)]
    return (lambda x: w @ (x - t) ** 2), (lambda x: 2 * w * (x - t)), np.ones(n), None, constraints


def portfolio(n):
    state = np.random.RandomState(42)
    k = min(10, n // 5)
    loadings = state.randn(n, k) * 0.1
    d = np.abs(state.randn(n)) * 0.05 + 0.01
    mu = state.rand(n) * 0.1 + 0.02
    constraints = [LinearConstraint(np.ones((1, n)), 1, 1), LinearConstraint(mu[None], 1.2 * mu.mean(), np.inf)]
    f = lambda x: 0.5 * (np.sum((loadings.T @ x) ** 2) + np.sum(d * x * x))
    return f, (lambda x: loadings @ (loadings.T @ x) + d * x), np.full(n, 1 / n), Bounds(0, 1), constraints


def sphere_mixed(n):
    state = np.random.RandomState(7)
    a_eq, a_in = state.randn(n // 10, n), state.randn(n // 5, n)
    xf = 0.1 * state.randn(n)
    x0 = xf + 0.01 * state.randn(n)
    constraints = [LinearConstraint(a_eq, a_eq @ xf, a_eq @ xf), LinearConstraint(a_in, a_in @ xf - 0.5, np.inf)]
    return (lambda x: x @ x), (lambda x: 2 * x), x0, None, constraints


def ill_cond(n):
    q = np.linalg.qr(np.random.RandomState(13).randn(n, n))[0]
    h = (q * np.logspace(-2, 4, n)) @ q.T
    constraints = [LinearConstraint(np.ones((1, n)), 1, 1)]
    return (lambda x: 0.5 * x @ h @ x), (lambda x: h @ x), np.full(n, 1 / n), Bounds(0, 1), constraints


def run(name, f, g, x0, bounds, constraints, tolerance):
    start = time.perf_counter()
    result = minimize(
        f, x0, jac=g, method="SLSQP", bounds=bounds, constraints=constraints, options={"ftol": tolerance, "maxiter": 1000}
    )
    seconds = time.perf_counter() - start
    line = {
        "name": name,
        "status": result.message,
        "seconds": seconds,
        "steps": int(result.nit),
        "objectiveEvaluations": int(result.nfev),
        "gradientEvaluations": int(result.njev),
        "objective": float(result.fun),
    }
    print(json.dumps(line), flush=True)


def hock_schittkowski(program):
    cases = [
        "HS6 HS10 HS12 HS14 HS21 HS22 HS26 HS28 HS29 HS35 HS35MOD HS39 HS40 HS43 HS48 HS65 HS71 HS76 HS78 HS93 HS100",
        "HS113 BT2 BT11 CHACONN2 MAKELA1 POLAK4 PORTFL1",
    ]
    server = subprocess.Popen([program, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(name, x=()):
        server.stdin.write(" ".join([name, *(repr(float(v)) for v in x)]) + "\n")
        server.stdin.flush()
        return json.loads(server.stdout.readline())

    for name in " ".join(cases).split():
        shape = ask(name)
        n, equalities = len(shape["start"]), shape["equalities"]
        low = np.array([-np.inf if v is None else v for v in shape["lower"]])
        high = np.array([np.inf if v is None else v for v in shape["upper"]])
        x0 = np.clip(shape["start"], low, high)
        m = len(ask(name, x0)["c"])
        jacobian = lambda x: np.reshape(ask(name, x)["J"], (m, n))
        constraints = []
        if equalities:
            constraints.append(
                {"type": "eq", "fun": lambda x: np.array(ask(name, x)["c"][:equalities]), "jac": lambda x: jacobian(x)[:equalities]}
            )
        if m > equalities:
            constraints.append(
                {"type": "ineq", "fun": lambda x: np.array(ask(name, x)["c"][equalities:]), "jac": lambda x: jacobian(x)[equalities:]}
            )
        finite = np.isfinite(low).any() or np.isfinite(high).any()
        bounds = Bounds(low, high) if finite else None
        f, g = (lambda x: ask(name, x)["f"]), (lambda x: np.array(ask(name, x)["g"]))
        run(name, f, g, x0, bounds, constraints, 1e-12 if len(sys.argv) > 3 else 1e-6)
    server.stdin.close()


if sys.argv[1] == "family":
    families = {"weighted_quad": weighted_quad, "portfolio": portfolio, "sphere_mixed": sphere_mixed, "ill_cond": ill_cond}
    run(f"{sys.argv[2]}({sys.argv[3]})", *families[sys.argv[2]](int(sys.argv[3])), 1e-12)
else:
    hock_schittkowski(sys.argv[2])
