//! What the solver asks of the user's functions.

use crate::error::InputError;

/// An error of the user's own functions; it passes through the solver unchanged.
pub type UserError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call of the solver gave no result.
#[derive(Debug, thiserror::Error)]
pub enum SqpError {
    /// Wrong input, found before any work or when a function first gave it.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The error that one of the user's functions returned.
    #[error(transparent)]
    User(UserError),
}

impl SqpError {
    /// The error as a function returns it; the way back is `From<UserError>`.
    pub(super) fn into_user(self) -> UserError {
        match self {
            Self::User(error) => error,
            Self::Input(error) => Box::new(error),
        }
    }
}

impl From<UserError> for SqpError {
    /// An `InputError` that a function (or an adapter around it) returned counts as wrong input.
    fn from(error: UserError) -> Self {
        match error.downcast::<InputError>() {
            Ok(input) => Self::Input(*input),
            Err(other) => Self::User(other),
        }
    }
}

/// Which derivatives the user's functions give; what is missing is made by finite differences or by quasi-Newton updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Provides {
    /// [`Functions::gradient`].
    pub gradient: bool,
    /// [`Functions::jacobian`].
    pub jacobian: bool,
    /// [`Functions::objective_hessian_product`].
    pub objective_hessian_product: bool,
    /// [`Functions::constraint_hessian_product`]; not needed where `linear_constraints` holds.
    pub constraint_hessian_product: bool,
    /// Every constraint is affine: its Jacobian is evaluated once and its second derivatives are zero.
    pub linear_constraints: bool,
}

/// f, cₑ (equalities, = 0), cᵢ (inequalities, ≥ 0) and their derivatives.
///
/// The methods take `&mut self`, so that an implementation may cache. Each error ends the run and is returned unchanged. A
/// value that is not finite is no error: the point is refused.
pub trait Functions {
    /// Which of the methods below may be called besides `objective` and `constraints`.
    fn provides(&self) -> Provides;

    /// f(x).
    ///
    /// # Errors
    /// The user's own.
    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError>;

    /// ∇f(x) into `out` (n).
    ///
    /// # Errors
    /// The user's own.
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let _ = (x, out);
        Err("gradient: not provided".into())
    }

    /// cₑ(x) and cᵢ(x); never called for a problem without constraints.
    ///
    /// # Errors
    /// The user's own.
    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let _ = (x, equalities, inequalities);
        Ok(())
    }

    /// The Jacobians of cₑ (mₑ × n) and cᵢ (mᵢ × n), row-major.
    ///
    /// # Errors
    /// The user's own.
    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let _ = (x, equalities, inequalities);
        Err("jacobian: not provided".into())
    }

    /// ∇²f(x)·v into `out` (n).
    ///
    /// # Errors
    /// The user's own.
    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let _ = (x, v, out);
        Err("objective_hessian_product: not provided".into())
    }

    /// Σᵢ wᵢ∇²cᵢ(x)·v into `out` (n); `weights` has the equalities first, then the inequalities.
    ///
    /// # Errors
    /// The user's own.
    fn constraint_hessian_product(
        &mut self,
        x: &[f64],
        weights: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), UserError> {
        let _ = (x, weights, v, out);
        Err("constraint_hessian_product: not provided".into())
    }
}
