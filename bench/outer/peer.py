"""SciPy's L-BFGS-B and trust-constr on the reference problems: one line of JSON per run, as `bench-outer solve` prints them.

    peer.py path/to/bench-outer
"""

import json
import subprocess
import sys
import warnings

import numpy as np
from scipy.optimize import BFGS, Bounds, minimize

TOLERANCE = 1e-6


class Reached(Exception):
    """The projected gradient is small: the run has reached its goal."""


class Server:
    """The functions, answered by the Rust side, so that every solver sees the same bits."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, 'serve'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, name, x):
        self.process.stdin.write(f'{name} {" ".join(repr(float(v)) for v in x)}\n')
        self.process.stdin.flush()
        numbers = [float(word) for word in self.process.stdout.readline().split()]
        return numbers[0], np.array(numbers[1:])


class Recorder:
    """Counts calls until the gradient is asked for at a point where max |P(x - g) - x| <= 1e-6."""

    def __init__(self, server, problem, lower, upper):
        self.server, self.problem, self.lower, self.upper = server, problem, lower, upper
        self.values = self.gradients = 0
        self.reached, self.lowest, self.last = None, [], None

    def sample(self, x):
        if self.last is None or not np.array_equal(self.last[0], x):
            self.last = (np.array(x), *self.server.ask(self.problem['name'], x))
        return self.last[1], self.last[2]

    def value(self, x):
        self.values += 1
        f, _ = self.sample(x)
        if np.isfinite(f) and (not self.lowest or f < self.lowest[-1][1]):
            self.lowest.append((self.values + self.gradients, f))
        return f

    def gradient(self, x):
        self.gradients += 1
        f, g = self.sample(x)
        inside = (x >= self.lower).all() and (x <= self.upper).all()
        if inside and np.abs(np.clip(x - g, self.lower, self.upper) - x).max() <= TOLERANCE:
            self.reached = {'values': self.values, 'gradients': self.gradients, 'hessians': 0, 'f': f}
            raise Reached
        return g


# Each may go on beyond the goal: the recorder ends the run.
METHODS = {
    'SciPy L-BFGS-B': ('L-BFGS-B', {'gtol': TOLERANCE, 'ftol': 0.0, 'maxiter': 5000, 'maxfun': 50_000}, {}),
    'SciPy trust-constr': ('trust-constr', {'gtol': 1e-9, 'xtol': 1e-14, 'maxiter': 5000}, {'hess': BFGS()}),
}


def side(values, infinite):
    return np.array([infinite if v is None else v for v in values])


def main():
    warnings.simplefilter('ignore')
    program = sys.argv[1]
    lines = subprocess.run([program, 'problems'], capture_output=True, text=True, check=True).stdout.splitlines()
    server = Server(program)
    for problem in map(json.loads, lines):
        lower, upper = side(problem['lower'], -np.inf), side(problem['upper'], np.inf)
        for solver, (method, options, extra) in METHODS.items():
            recorder = Recorder(server, problem, lower, upper)
            bounds = Bounds(lower, upper) if problem['bounded'] else None
            try:
                start = np.array(problem['start'])
                minimize(recorder.value, start, jac=recorder.gradient, method=method, bounds=bounds, options=options, **extra)
            except (Reached, np.linalg.LinAlgError, ValueError):
                pass
            asked = {'values': recorder.values, 'gradients': recorder.gradients, 'hessians': 0}
            run = {'problem': problem['name'], 'solver': solver, 'reached': recorder.reached, 'asked': asked}
            print(json.dumps(run | {'lowest': recorder.lowest}))


if __name__ == '__main__':
    main()
