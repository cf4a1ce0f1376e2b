//! Matrices: as JavaScript hands them over, and in native memory or files, built block after block.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use equipoise::error::InputError;
use equipoise::numeric::sparse::SparseMatrix;
use equipoise::numeric::sparse_builder::SparseMatrixBuilder;
use equipoise::numeric::storage::Storage;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::control::on_own_thread;
use crate::errors::{Failure, contained};

/// A matrix in JavaScript's memory; each format has the parts it needs.
#[napi(object, object_to_js = false)]
pub struct NativeSparse {
    #[napi(ts_type = "'csr' | 'csc' | 'triples' | 'columns'")]
    pub format: String,
    /// Of the rows (csr) or columns (csc).
    pub starts: Option<Uint32Array>,
    pub rows: Option<Uint32Array>,
    pub columns: Option<Uint32Array>,
    pub values: Option<Float64Array>,
    /// Dense columns.
    pub dense: Option<Vec<Float64Array>>,
}

impl NativeSparse {
    /// A copy.
    pub fn into_matrix(
        self,
        num_rows: usize,
        num_columns: usize,
    ) -> std::result::Result<SparseMatrix, InputError> {
        let indices = |part: &Option<Uint32Array>| part.as_deref().unwrap_or_default().to_vec();
        let values = self.values.as_deref().unwrap_or_default();
        match self.format.as_str() {
            "csr" => SparseMatrix::from_csr(
                num_rows,
                num_columns,
                indices(&self.starts),
                indices(&self.columns),
                values.to_vec(),
            ),
            "csc" => {
                let starts = indices(&self.starts);
                let num_columns = starts.len().saturating_sub(1);
                SparseMatrix::from_csc(num_rows, num_columns, starts, indices(&self.rows), values.to_vec())
            }
            "triples" => {
                let (rows, columns) = (self.rows.as_deref(), self.columns.as_deref());
                let (rows, columns) = (rows.unwrap_or_default(), columns.unwrap_or_default());
                SparseMatrix::from_triples(num_rows, num_columns, rows, columns, values)
            }
            _ => {
                let dense = self.dense.unwrap_or_default();
                SparseMatrix::from_dense_columns(num_rows, dense.iter().map(|column| &column[..]))
            }
        }
    }
}

/// Null means memory.
pub fn storage_in(folder: Option<String>) -> Storage {
    folder.map_or(Storage::Memory, |folder| Storage::Mapped { folder: folder.into() })
}

/// A matrix that takes its rows block by block.
#[napi]
pub struct NativeMatrixBuilder(Mutex<Option<SparseMatrixBuilder>>);

#[napi]
impl NativeMatrixBuilder {
    #[napi(constructor)]
    pub fn new(env: &Env, num_columns: u32, folder: Option<String>) -> Result<Self> {
        contained(env, || {
            let builder = SparseMatrixBuilder::new(num_columns as usize, storage_in(folder))?;
            Ok(Self(Mutex::new(Some(builder))))
        })
    }

    #[napi]
    pub fn push(&self, env: &Env, num_rows: u32, block: NativeSparse) -> Result<()> {
        contained(env, || {
            let mut slot = self.slot();
            let builder = slot.as_mut().ok_or(Failure::Disposed)?;
            let num_columns = builder.column_sizes().len();
            Ok(builder.push(&block.into_matrix(num_rows as usize, num_columns)?)?)
        })
    }

    /// Entries of each column so far.
    #[napi(getter)]
    pub fn column_sizes(&self, env: &Env) -> Result<Uint32Array> {
        contained(env, || {
            let slot = self.slot();
            let builder = slot.as_ref().ok_or(Failure::Disposed)?;
            Ok(Uint32Array::with_data_copied(builder.column_sizes()))
        })
    }

    #[napi]
    pub fn drop_empty_columns(&self, env: &Env) -> Result<()> {
        contained(env, || Ok(self.slot().as_mut().ok_or(Failure::Disposed)?.drop_empty_columns()?))
    }

    #[napi(ts_return_type = "Promise<NativeMatrix>")]
    pub fn finish<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let builder = contained(env, || self.slot().take().ok_or(Failure::Disposed))?;
        on_own_thread(env, move || Ok(Finished(builder.finish()?)))
    }

    /// Gives memory and files back; the builder is of no use any more.
    #[napi]
    pub fn discard(&self) {
        self.slot().take();
    }
}

impl NativeMatrixBuilder {
    fn slot(&self) -> MutexGuard<'_, Option<SparseMatrixBuilder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A matrix on its way to JavaScript.
struct Finished(SparseMatrix);

impl ToNapiValue for Finished {
    unsafe fn to_napi_value(env: sys::napi_env, Self(matrix): Self) -> Result<sys::napi_value> {
        let bytes = matrix.memory_bytes() as i64;
        Env::from_raw(env).adjust_external_memory(bytes)?;
        let matrix = NativeMatrix { bytes, matrix: Mutex::new(Some(Arc::new(matrix))) };
        // SAFETY: `env` is the environment that this conversion runs in.
        unsafe { NativeMatrix::to_napi_value(env, matrix) }
    }
}

/// A matrix in native memory or files. Problems that use it hold their own references.
#[napi(custom_finalize)]
pub struct NativeMatrix {
    bytes: i64,
    matrix: Mutex<Option<Arc<SparseMatrix>>>,
}

#[napi]
impl NativeMatrix {
    #[napi(getter)]
    pub fn num_nonzeros(&self, env: &Env) -> Result<f64> {
        contained(env, || Ok(self.matrix()?.num_nonzeros() as f64))
    }

    /// Copies of the compressed columns.
    #[napi]
    pub fn column_starts(&self, env: &Env) -> Result<Uint32Array> {
        contained(env, || Ok(Uint32Array::with_data_copied(self.matrix()?.csc().0)))
    }

    #[napi]
    pub fn row_indices(&self, env: &Env) -> Result<Uint32Array> {
        contained(env, || Ok(Uint32Array::with_data_copied(self.matrix()?.csc().1)))
    }

    #[napi]
    pub fn values(&self, env: &Env) -> Result<Float64Array> {
        contained(env, || Ok(Float64Array::with_data_copied(self.matrix()?.csc().2)))
    }

    /// Frees it now, or when the problems that use it end.
    #[napi]
    pub fn dispose(&self, env: &Env) -> Result<()> {
        if self.slot().take().is_some() {
            env.adjust_external_memory(-self.bytes)?;
        }
        Ok(())
    }
}

impl ObjectFinalize for NativeMatrix {
    fn finalize(self, env: Env) -> Result<()> {
        self.dispose(&env)
    }
}

impl NativeMatrix {
    fn slot(&self) -> MutexGuard<'_, Option<Arc<SparseMatrix>>> {
        self.matrix.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn matrix(&self) -> std::result::Result<Arc<SparseMatrix>, Failure> {
        self.slot().clone().ok_or(Failure::Disposed)
    }
}
