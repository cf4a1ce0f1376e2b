"""The penalty form for the Python peers: the problem file, the objective, and the peak memory of the process."""

import dataclasses

import numpy as np
import scipy.sparse as sp

LOWER, UPPER = 0.1, 10.0


@dataclasses.dataclass
class ProblemFile:
    """A problem as `bench_reweight export` writes it: CSC matrix A (n x k), design weights (n), totals (k)."""

    matrix: sp.csc_array
    design_weights: np.ndarray
    totals: np.ndarray

    @classmethod
    def read(cls, path):
        with open(path, 'rb') as file:
            n, k, nonzeros = (int(size) for size in np.fromfile(file, '<u8', 3))
            values = np.fromfile(file, '<f8', nonzeros)
            design_weights = np.fromfile(file, '<f8', n)
            totals = np.fromfile(file, '<f8', k)
            column_starts = np.fromfile(file, '<u4', k + 1).astype(np.int32)
            row_indices = np.fromfile(file, '<u4', nonzeros).astype(np.int32)
        return cls(sp.csc_array((values, row_indices, column_starts), shape=(n, k)), design_weights, totals)

    def write(self, path):
        matrix = sp.csc_array(self.matrix)
        matrix.sort_indices()
        with open(path, 'wb') as file:
            np.array([*matrix.shape, matrix.nnz], '<u8').tofile(file)
            for array in (matrix.data, self.design_weights, self.totals):
                np.asarray(array, '<f8').tofile(file)
            for array in (matrix.indptr, matrix.indices):
                np.asarray(array, '<u4').tofile(file)

    def with_records_in_order(self, order):
        """The same problem with record i at place p where order[p] = i."""
        return ProblemFile(sp.csc_array(sp.csr_array(self.matrix)[order]), self.design_weights[order], self.totals)


class PenaltyForm:
    """min |B'm - c|^2 + sum lambda_i (m_i - 1)^2, with B = diag(w0) A diag(1/(t + 1)) and c = t/(t + 1)."""

    def __init__(self, problem, penalty):
        scale = problem.totals + 1.0
        self.by_rows = sp.csr_array(sp.diags_array(problem.design_weights) @ problem.matrix @ sp.diags_array(1 / scale))
        self.transposed = sp.csr_array(self.by_rows.T)
        self.c = problem.totals / scale
        squares = problem.design_weights**2
        initial_miss = self.transposed @ np.ones(len(squares)) - self.c
        self.initial_loss = initial_miss @ initial_miss
        self.lambdas = penalty * self.initial_loss * squares / squares.sum()

    def objective_and_gradient(self, m):
        miss = self.transposed @ m - self.c
        away = m - 1.0
        pull = self.lambdas * away
        return miss @ miss + pull @ away, 2.0 * (self.by_rows @ miss + pull)


class PeakMemory:
    """Peak resident memory above a starting point (Linux; elsewhere None)."""

    def __init__(self):
        try:
            # proc(5): 5 resets VmHWM, the peak.
            with open('/proc/self/clear_refs', 'w') as file:
                file.write('5')
            self.start = self._status_bytes('VmRSS:')
        except OSError:
            self.start = None

    def above_start(self):
        return None if self.start is None else max(0, self._status_bytes('VmHWM:') - self.start)

    @staticmethod
    def _status_bytes(field):
        with open('/proc/self/status') as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field))
