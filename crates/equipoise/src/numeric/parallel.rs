//! Loops partitioned by output: each output is made by one task in one order, so that the bits do not depend on the
//! number of threads or on scheduling.

use rayon::prelude::*;

/// Rows (or entries) per task of an element-wise loop. A constant: the shape of every sum over chunks depends on it.
pub const CHUNK: usize = 4096;

/// A pool of a fixed number of threads; one thread means that everything runs inline and no pool exists.
#[derive(Debug)]
pub struct Workers {
    pool: Option<rayon::ThreadPool>,
    threads: usize,
}

impl Workers {
    /// A pool of `threads` threads; 0 means [`std::thread::available_parallelism`]. If the system refuses to start
    /// threads the work runs inline: the results are the same.
    pub fn new(threads: usize) -> Self {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            t => t,
        };
        if threads == 1 {
            return Self::inline();
        }
        match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) => Self { pool: Some(pool), threads },
            Err(error) => {
                tracing::warn!(%error, threads, "no thread pool could be started: running on one thread");
                Self::inline()
            }
        }
    }

    /// Everything on the calling thread.
    pub fn inline() -> Self {
        Self { pool: None, threads: 1 }
    }

    /// Number of threads that share the work.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `task` on each part.
    pub fn for_each<P: Send>(&self, parts: Vec<P>, task: impl Fn(P) + Sync + Send) {
        match &self.pool {
            None => parts.into_iter().for_each(task),
            Some(pool) => pool.install(|| parts.into_par_iter().with_max_len(1).for_each(task)),
        }
    }

    /// Runs two tasks, side by side where there is a pool.
    pub fn join<A: Send, B: Send>(
        &self,
        first: impl FnOnce() -> A + Send,
        second: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match &self.pool {
            None => (first(), second()),
            Some(pool) => pool.join(first, second),
        }
    }

    /// Fills `out` in chunks of [`CHUNK`]: `fill(start, chunk)` writes `out[start..start + chunk.len()]`.
    pub fn fill<T: Send>(&self, out: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync + Send) {
        self.fill_by(CHUNK, out, fill);
    }

    /// [`Workers::fill`] with chunks of `size`.
    pub fn fill_by<T: Send>(&self, size: usize, out: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync + Send) {
        match &self.pool {
            None => out.chunks_mut(size).enumerate().for_each(|(c, chunk)| fill(c * size, chunk)),
            Some(pool) => pool.install(|| {
                out.par_chunks_mut(size).enumerate().for_each(|(c, chunk)| fill(c * size, chunk));
            }),
        }
    }

    /// One value per chunk of the index range 0..n, in order: the caller adds them in that order.
    pub fn map_chunks<T: Send + Clone + Default>(
        &self,
        n: usize,
        map: impl Fn(std::ops::Range<usize>) -> T + Sync + Send,
    ) -> Vec<T> {
        let mut partial = vec![T::default(); n.div_ceil(CHUNK)];
        self.fill_by(1, &mut partial, |c, slot| slot[0] = map(c * CHUNK..((c + 1) * CHUNK).min(n)));
        partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_count_gives_the_same_output() {
        let n = 3 * CHUNK + 17;
        let run = |threads| {
            let workers = Workers::new(threads);
            let mut out = vec![0.0; n];
            workers.fill(&mut out, |start, chunk| {
                for (k, x) in chunk.iter_mut().enumerate() {
                    *x = 1.0 / (start + k + 1) as f64;
                }
            });
            let partial = workers.map_chunks(n, |r| out[r].iter().sum::<f64>());
            (out, partial)
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert_eq!(run(threads), one);
        }
    }

    #[test]
    fn parts_are_all_visited() {
        let mut out = vec![0; 10];
        Workers::new(2).for_each(out.chunks_mut(3).collect(), |part| part.fill(1));
        assert_eq!(out, [1; 10]);
    }
}
