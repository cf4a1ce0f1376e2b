"""Real data: a household travel survey whose optimum is known to 200 bits (reference.json of the case).

    travel_survey.py --cases ../shared/cases --solver target/release/examples/bench_reweight --out DIR [--quick]

Areas 1-4 and all four jointly, both target sets, three penalties. Ours is compared with the listed reference multipliers
and sums; Clarabel (default tolerances) and SciPy L-BFGS-B (gtol 1e-10) with all multipliers of our certified answer and,
independently of us, with the listed ones. Writes travel_survey.csv and prints the table as Markdown.
"""

import argparse
import csv
import gzip
import json
import math
import pathlib
import subprocess

import numpy as np
import scipy.sparse as sp

from peer import measure
from penalty_problem import PenaltyForm, ProblemFile

AREAS = ['1', '2', '3', '4']
JOINT = 'joint'
PENALTIES = ['1e-2', '1e-4', '1e-6']
LBFGSB_GRADIENT_TOLERANCE = 1e-10


class TravelSurvey:
    """The data of the case and its reference answers."""

    def __init__(self, folder):
        self.reference = json.loads((folder / 'reference.json').read_text())
        self.sets = self.reference['sets']
        targets = list(csv.DictReader((folder / 'targets.csv').open()))
        with gzip.open(folder / 'records.csv.gz', 'rt') as file:
            records = list(csv.DictReader(file))
        self.areas = {}
        for area in AREAS:
            weights = np.array([float(r['w0']) for r in records if r['area'] == area])
            rows = [t for t in targets if t['area'] == area]
            entries = np.loadtxt(folder / f'matrix_area{area}.csv.gz', delimiter=',', skiprows=1)
            shape = (len(weights), len(rows))
            record, target = entries[:, 0].astype(int), entries[:, 1].astype(int)
            matrix = sp.csc_array((entries[:, 2], (record, target)), shape=shape)
            names = [t['name'] for t in rows]
            self.areas[area] = (names, ProblemFile(matrix, weights, np.array([float(t['total']) for t in rows])))

    def problem(self, target_set, area):
        """Areas one after the other where they are solved jointly."""
        parts = []
        for one in AREAS if area == JOINT else [area]:
            names, whole = self.areas[one]
            columns = [names.index(name) for name in self.sets[target_set]]
            parts.append(ProblemFile(whole.matrix[:, columns], whole.design_weights, whole.totals[columns]))
        return ProblemFile(
            sp.csc_array(sp.block_diag([part.matrix for part in parts], format='csc')),
            np.concatenate([part.design_weights for part in parts]),
            np.concatenate([part.totals for part in parts]),
        )

    def compare(self, target_set, area, penalty, multipliers):
        """Largest distance from the listed multipliers, and of the two sums relative to the sum of the multipliers."""
        answers = self.reference['penalty_form'][target_set][penalty]
        per_area = answers['joint']['per_area'] if area == JOINT else answers['per_area']
        distance, sums, start = 0.0, 0.0, 0
        for one in AREAS if area == JOINT else [area]:
            want, size = per_area[one], len(self.areas[one][1].design_weights)
            m = multipliers[start : start + size]
            listed = self.reference['records'][one]['record']
            distance = max(distance, float(np.abs(m[listed] - np.array(want['m'])).max()))
            total = float(want['sum_of_m'])
            waves = math.fsum(float(x) * math.cos(i) for i, x in enumerate(m))
            for ours, theirs in (
                (math.fsum(m), total),
                (waves, float(want['sum_of_m_times_cos_of_record'])),
            ):
                sums = max(sums, abs(ours - theirs) / total)
            start += size
        return distance, sums


def run_solver(solver, problem, penalty, method, extra):
    command = [solver, 'solve', '--problem', problem, '--penalty', penalty, '--method', method, *extra]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare_case(survey, target_set, area, penalty, solver, scratch, time_limit):
    """One row: ours, Clarabel, L-BFGS-B."""
    problem = survey.problem(target_set, area)
    file = scratch / f'travel_survey_{target_set}_{area}.bin'
    problem.write(file)
    answers = {name: file.with_suffix(f'.{name}') for name in ('newton', 'clarabel')}
    ours = run_solver(solver, file, penalty, 'newton', ['--repeat', '5', '--answer', answers['newton']])
    optimum = np.fromfile(answers['newton'], '<f8')
    clarabel = run_solver(
        solver, file, penalty, 'clarabel', ['--optimum', answers['newton'], '--answer', answers['clarabel']]
    )
    form = PenaltyForm(problem, float(penalty))
    lbfgsb = measure('scipy-lbfgsb', form, optimum, time_limit, LBFGSB_GRADIENT_TOLERANCE)
    distance, sums = survey.compare(target_set, area, penalty, optimum)
    listed = {
        'clarabel': survey.compare(target_set, area, penalty, np.fromfile(answers['clarabel'], '<f8'))[0],
        'lbfgsb': survey.compare(target_set, area, penalty, lbfgsb['multipliers'])[0],
    }
    return {
        'set': target_set,
        'area': area,
        'penalty': penalty,
        'records': ours['records'],
        'targets': ours['targets'],
        'ours_status': ours['status'],
        'ours_seconds': ours['seconds'],
        'ours_distance_listed': distance,
        'ours_sums_relative': sums,
        'ours_bound': ours['certificate']['distanceBound'],
        'ours_bound_before_rounding': ours['certificate']['boundBeforeRounding'],
        'ours_digest': ours['digest'],
        'clarabel_outcome': clarabel['outcome'],
        'clarabel_seconds': clarabel['seconds'],
        'clarabel_distance': clarabel['trueDistance'],
        'clarabel_distance_listed': listed['clarabel'],
        'lbfgsb_outcome': lbfgsb['outcome'],
        'lbfgsb_seconds': lbfgsb['seconds'],
        'lbfgsb_iterations': lbfgsb['iterations'],
        'lbfgsb_distance': lbfgsb['trueDistance'],
        'lbfgsb_distance_listed': listed['lbfgsb'],
    }


def markdown(rows):
    """One line per case; times in brackets."""
    lines = [
        '| targets | area | penalty | equipoise: distance from the 200-bit answer (s) | Clarabel (s) | L-BFGS-B, gtol 1e-10 (s) |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for row in rows:
        lines.append(
            f'| {row["set"]} | {row["area"]} | {row["penalty"]} '
            f'| {row["ours_distance_listed"]:.1e} ({row["ours_seconds"]:.3f}) '
            f'| {row["clarabel_distance"]:.1e} ({row["clarabel_seconds"]:.2f}) '
            f'| {row["lbfgsb_distance"]:.1e} ({row["lbfgsb_seconds"]:.1f}, {row["lbfgsb_outcome"]}) |'
        )
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cases', type=pathlib.Path, required=True)
    parser.add_argument('--solver', type=pathlib.Path, required=True)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    parser.add_argument('--scratch', type=pathlib.Path, required=True)
    parser.add_argument('--time-limit', type=float, default=5.0, help='seconds for each L-BFGS-B run')
    parser.add_argument('--quick', action='store_true', help='area 1 with the controls only')
    options = parser.parse_args()
    survey = TravelSurvey(options.cases / 'travel_survey')
    sets, areas = (['controls'], ['1']) if options.quick else (['controls', 'all'], [*AREAS, JOINT])
    rows = [
        compare_case(survey, target_set, area, penalty, options.solver, options.scratch, options.time_limit)
        for target_set in sets
        for area in areas
        for penalty in PENALTIES
    ]
    with (options.out / 'travel_survey.csv').open('w', newline='') as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    print(markdown(rows))


if __name__ == '__main__':
    main()
