//! Newton corrections of the working set's equations (P + shift·I)x + q = Nu, Nᵀx = b, with residuals in double-double.

use super::active_set::{ActiveSet, Task, sign};
use crate::certificate::linear_system::Part;
use crate::numeric::dd::Dd;
use crate::numeric::sum::{axpy, max_abs};

/// Passes at most; a pass whose residuals are those of rounding x and u to doubles is the last.
const PASSES: usize = 4;
/// Relative residuals below which one correction is enough: factors that leave no more than this make them those of rounding.
const LAST: f64 = 1e-12;

impl ActiveSet {
    /// Corrects x and the multipliers until the residuals are those of rounding; a bound in the working set then holds exactly.
    pub(super) fn refine(&mut self, task: &Task<'_>) {
        let (m, n, k) = (task.program.num_rows(), task.program.num_columns(), self.factor.len());
        let mut row_pressure = vec![0.0; m];
        let mut residual = vec![0.0; n];
        let mut last = f64::INFINITY;
        for _ in 0..PASSES {
            let (gradient_size, value_size) = self.residuals(task, &mut row_pressure, &mut residual);
            // Below this the residuals come from rounding the numbers they are computed from.
            let relative = (max_abs(&residual) / gradient_size).max(max_abs(&self.r[..k]) / value_size);
            if !(relative > f64::EPSILON && relative < 0.5 * last) {
                break;
            }
            last = relative;
            self.newton_step(&residual);
            axpy(1.0, &self.change, &mut self.multipliers);
            axpy(1.0, &self.z, &mut self.x);
            if relative < LAST {
                break;
            }
        }
        for member in &self.working {
            if let Part::Column(j) = member.part {
                self.x[j] = task.program.bound(*member);
            }
        }
    }

    /// The residual of stationarity into `residual`, the shortfalls of the working set into `r`; returns what each is relative to.
    fn residuals(&mut self, task: &Task<'_>, row_pressure: &mut [f64], residual: &mut [f64]) -> (f64, f64) {
        let (mut gradient_size, mut value_size) = (max_abs(task.linear), 0.0f64);
        row_pressure.fill(0.0);
        let mut rest = task.program.gradient_dd(task.shift, task.linear, &self.x);
        for ((&member, &u), shortfall) in self.working.iter().zip(&self.multipliers).zip(&mut self.r) {
            let bound = task.program.bound(member);
            let value = task.program.value_dd(member.part, &self.x);
            *shortfall = sign(member) * (Dd::from(bound) - value).to_f64();
            value_size = value_size.max(bound.abs());
            match member.part {
                Part::Row(i) => row_pressure[i] = sign(member) * u,
                Part::Column(j) => {
                    rest[j] = rest[j] - Dd::from(sign(member) * u);
                    gradient_size = gradient_size.max(u.abs());
                }
            }
        }
        let pressure = task.program.matrix.transposed_times_dd(row_pressure);
        for ((residual, rest), pressure) in residual.iter_mut().zip(rest).zip(pressure) {
            *residual = (rest - pressure).to_f64();
            gradient_size = gradient_size.max(pressure.to_f64().abs());
        }
        let tiny = f64::MIN_POSITIVE;
        (gradient_size.max(tiny), value_size.max(max_abs(&self.x)).max(tiny))
    }
}
