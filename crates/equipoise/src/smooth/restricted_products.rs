//! Products of the columns of S and Y over the free variables and over the others, kept up to date.
//!
//! From nothing they cost O(k² n). From one iteration to the next only the variables that entered or left the free set
//! and the rows of new pairs are summed, O(k² · changes + k n).

use super::limited_memory::Pair;
use super::small_dense::Square;
use crate::numeric::sum::dot;

/// Variables gathered at a time: 2k columns of this length stay in the second-level cache.
const BLOCK: usize = 512;

#[derive(Debug)]
pub(super) struct RestrictedProducts {
    /// Y_FᵀY_F over the free variables F, lower triangle.
    pub yy_free: Square,
    /// S_AᵀS_A over the other variables A, lower triangle.
    pub ss_bound: Square,
    /// (S_AᵀY_A)ᵢⱼ below the diagonal, (S_FᵀY_F)ᵢⱼ on and above it: no entry of the reduced matrix is a difference.
    pub sy: Square,
    /// The set F the products belong to.
    is_free: Vec<bool>,
    /// Pairs whose products are known, the oldest ones.
    num_known: usize,
    to_free: Vec<usize>,
    to_bound: Vec<usize>,
    gathered: Vec<f64>,
}

impl RestrictedProducts {
    pub fn new(dimension: usize, capacity: usize) -> Self {
        Self {
            yy_free: Square::new(capacity),
            ss_bound: Square::new(capacity),
            sy: Square::new(capacity),
            is_free: vec![false; dimension],
            num_known: 0,
            to_free: Vec::new(),
            to_bound: Vec::new(),
            gathered: vec![0.0; 2 * capacity * BLOCK],
        }
    }

    pub fn forget(&mut self) {
        self.num_known = 0;
    }

    /// The oldest pair is gone.
    pub fn drop_first(&mut self) {
        if self.num_known > 0 {
            for products in [&mut self.yy_free, &mut self.ss_bound, &mut self.sy] {
                products.drop_first(self.num_known);
            }
            self.num_known -= 1;
        }
    }

    /// Brings the products up to date with the pairs and the free set.
    pub fn refresh(&mut self, pairs: &[Pair], is_free: &[bool]) {
        if self.num_known > 0 {
            self.list(|was, is| is && !was, |was, is| was && !is, is_free);
            // Below this a new start is no more work, and drops the rounding errors of the differences.
            if 2 * (self.to_free.len() + self.to_bound.len()) <= is_free.len() {
                self.add_all(&pairs[..self.num_known], 0, -1.0);
            } else {
                self.num_known = 0;
            }
        }
        if self.num_known < pairs.len() {
            self.clear_from(self.num_known, pairs.len());
            self.list(|_, is| is, |_, is| !is, is_free);
            self.add_all(pairs, self.num_known, 0.0);
            self.num_known = pairs.len();
        }
        self.is_free.copy_from_slice(is_free);
    }

    /// Lists the variables by their membership before and now.
    fn list(&mut self, to_free: fn(bool, bool) -> bool, to_bound: fn(bool, bool) -> bool, is_free: &[bool]) {
        self.to_free.clear();
        self.to_bound.clear();
        for (i, (&was, &is)) in self.is_free.iter().zip(is_free).enumerate() {
            if to_free(was, is) {
                self.to_free.push(i);
            } else if to_bound(was, is) {
                self.to_bound.push(i);
            }
        }
    }

    fn clear_from(&mut self, first_new: usize, k: usize) {
        for i in first_new..k {
            for j in 0..=i {
                for products in [&mut self.yy_free, &mut self.ss_bound, &mut self.sy] {
                    products[(i, j)] = 0.0;
                    products[(j, i)] = 0.0;
                }
            }
        }
    }

    /// Adds the listed variables on the side they go to, with the weight `other_side` on the other one.
    fn add_all(&mut self, pairs: &[Pair], first_new: usize, other_side: f64) {
        let (to_free, to_bound) = (std::mem::take(&mut self.to_free), std::mem::take(&mut self.to_bound));
        for variables in to_free.chunks(BLOCK) {
            self.add(pairs, first_new, variables, 1.0, other_side);
        }
        for variables in to_bound.chunks(BLOCK) {
            self.add(pairs, first_new, variables, other_side, 1.0);
        }
        (self.to_free, self.to_bound) = (to_free, to_bound);
    }

    /// Adds the rows of the given variables to the products of pairs i ≥ `first_new` with pairs j ≤ i.
    fn add(&mut self, pairs: &[Pair], first_new: usize, variables: &[usize], to_free: f64, to_bound: f64) {
        let width = variables.len();
        for (columns, pair) in self.gathered.chunks_exact_mut(2 * BLOCK).zip(pairs) {
            for (position, &i) in variables.iter().enumerate() {
                columns[position] = pair.s[i];
                columns[BLOCK + position] = pair.y[i];
            }
        }
        let s = |j: usize| &self.gathered[2 * j * BLOCK..][..width];
        let y = |j: usize| &self.gathered[(2 * j + 1) * BLOCK..][..width];
        for i in first_new..pairs.len() {
            for j in 0..=i {
                if to_free != 0.0 {
                    self.yy_free[(i, j)] += to_free * dot(y(i), y(j));
                    self.sy[(j, i)] += to_free * dot(s(j), y(i));
                }
                if to_bound != 0.0 {
                    self.ss_bound[(i, j)] += to_bound * dot(s(i), s(j));
                    if i > j {
                        self.sy[(i, j)] += to_bound * dot(s(i), y(j));
                    }
                }
            }
        }
    }
}
