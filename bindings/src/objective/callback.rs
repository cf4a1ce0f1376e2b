//! One call of the façade's function, on JavaScript's thread: through arrays that are reused from call to call, within a handle
//! scope of its own.

use std::ptr;

use napi::bindgen_prelude::*;
use napi::{JsValue, sys};

use crate::objective::message::{NoReply, Reply, Request};

/// The façade's function: (kind, three vectors) to a packet, a reason to reject the point, null to stop, or a promise of these.
pub type Dispatch<'a> = Function<'a, FnArgs<(u32, Float64Array, Float64Array, Float64Array)>, Unknown<'a>>;

/// What a call came to.
pub enum Called {
    Answer(std::result::Result<Reply, NoReply>),
    /// The answer will come by [`Session::answer`](super::session::Session::answer).
    Promise(sys::napi_value),
}

/// The function, and one array for each position. Lives on JavaScript's thread.
pub struct Callback {
    env: sys::napi_env,
    function: Reference,
    slots: [Option<Slot>; 3],
}

struct Slot {
    array: Reference,
    length: usize,
}

impl Callback {
    pub fn new(env: &Env, function: &Dispatch<'_>) -> Result<Self> {
        let env = env.raw();
        Ok(Self { env, function: Reference::new(env, function.raw())?, slots: [None, None, None] })
    }

    /// Calls the function. An exception that it could not catch (its thread is being terminated, or has no stack left) stays
    /// pending: the caller must return to JavaScript without another call.
    pub fn call(&mut self, request: &Request) -> Result<Called> {
        let scope = Scope::open(self.env)?;
        let mut arguments = [ptr::null_mut(); 4];
        // SAFETY: every handle made here lives in `scope`, which is open until the end of the function.
        unsafe {
            check(sys::napi_create_uint32(self.env, request.kind, &mut arguments[0]))?;
            for (position, vector) in request.vectors.iter().enumerate() {
                arguments[position + 1] = self.filled(position, vector)?;
            }
            let mut this = ptr::null_mut();
            check(sys::napi_get_undefined(self.env, &mut this))?;
            let mut answer = ptr::null_mut();
            let function = self.function.value()?;
            check(sys::napi_call_function(self.env, this, function, 4, arguments.as_ptr(), &mut answer))?;
            read(self.env, answer, Some(&scope))
        }
    }

    /// The array of a position with the vector's numbers; undefined for an empty vector.
    ///
    /// # Safety
    /// A handle scope must be open on the environment's thread.
    unsafe fn filled(&mut self, position: usize, vector: &[f64]) -> Result<sys::napi_value> {
        // SAFETY: as the caller promises; the numbers are copied into memory that V8 reports for this very array.
        unsafe {
            if vector.is_empty() {
                let mut undefined = ptr::null_mut();
                check(sys::napi_get_undefined(self.env, &mut undefined))?;
                return Ok(undefined);
            }
            let array = match &self.slots[position] {
                Some(slot) if slot.length == vector.len() => slot.array.value()?,
                _ => self.renewed(position, vector.len())?,
            };
            // Looked up on each call: the user may have transferred the buffer, and gets a new array then.
            let (array, data) = match memory(self.env, array)? {
                Some((length, data)) if length == vector.len() => (array, data),
                _ => {
                    let array = self.renewed(position, vector.len())?;
                    (array, memory(self.env, array)?.ok_or_else(not_an_array)?.1)
                }
            };
            ptr::copy_nonoverlapping(vector.as_ptr(), data, vector.len());
            Ok(array)
        }
    }

    /// # Safety
    /// A handle scope must be open on the environment's thread.
    unsafe fn renewed(&mut self, position: usize, length: usize) -> Result<sys::napi_value> {
        let (mut buffer, mut data, mut array) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: as the caller promises.
        unsafe {
            check(sys::napi_create_arraybuffer(self.env, 8 * length, &mut data, &mut buffer))?;
            let kind = sys::TypedarrayType::float64_array;
            check(sys::napi_create_typedarray(self.env, kind, length, buffer, 0, &mut array))?;
        }
        self.slots[position] = Some(Slot { array: Reference::new(self.env, array)?, length });
        Ok(array)
    }
}

/// Reads what the façade's function returned, or its promise resolved to.
///
/// # Safety
/// `answer` must be a live handle of `env`, on its thread. A promise escapes through `scope`.
pub unsafe fn read(env: sys::napi_env, answer: sys::napi_value, scope: Option<&Scope>) -> Result<Called> {
    // SAFETY: as the caller promises; the packet is copied before anything else runs.
    unsafe {
        if let Some((length, data)) = memory(env, answer)? {
            let packet = if length == 0 { &[] } else { std::slice::from_raw_parts(data, length) };
            return Ok(Called::Answer(Ok(Reply::new(packet))));
        }
        let mut kind = 0;
        check(sys::napi_typeof(env, answer, &mut kind))?;
        match (kind, scope) {
            (sys::ValueType::napi_string, _) => {
                Ok(Called::Answer(Err(NoReply::Rejected(String::from_napi_value(env, answer)?))))
            }
            (sys::ValueType::napi_object, Some(scope)) => Ok(Called::Promise(scope.escape(answer)?)),
            _ => Ok(Called::Answer(Err(NoReply::Stopped))),
        }
    }
}

/// Length and place of an array of doubles; none for any other value.
///
/// # Safety
/// `value` must be a live handle of `env`, on its thread.
unsafe fn memory(env: sys::napi_env, value: sys::napi_value) -> Result<Option<(usize, *mut f64)>> {
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    let (buffer, offset) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: as the caller promises.
    let status = unsafe {
        sys::napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut data, buffer, offset)
    };
    match status {
        sys::Status::napi_invalid_arg => Ok(None),
        _ => check(status)
            .map(|()| (kind == sys::TypedarrayType::float64_array).then_some((length, data.cast::<f64>()))),
    }
}

fn not_an_array() -> Error {
    Error::from_reason("an array of doubles was expected")
}

/// An error for a status of N-API. A pending exception is thrown as it is when the native function returns this.
fn check(status: sys::napi_status) -> Result<()> {
    match Status::from(status) {
        Status::Ok => Ok(()),
        status => Err(Error::new(status, "the objective could not be called")),
    }
}

/// What is made within it is let go of at its end, but for what escapes.
pub struct Scope(sys::napi_env, sys::napi_escapable_handle_scope);

impl Scope {
    fn open(env: sys::napi_env) -> Result<Self> {
        let mut scope = ptr::null_mut();
        // SAFETY: `env` is that of the running native function.
        check(unsafe { sys::napi_open_escapable_handle_scope(env, &mut scope) })?;
        Ok(Self(env, scope))
    }

    fn escape(&self, value: sys::napi_value) -> Result<sys::napi_value> {
        let mut escaped = ptr::null_mut();
        // SAFETY: `value` was made within this scope, and nothing has escaped from it yet.
        check(unsafe { sys::napi_escape_handle(self.0, self.1, value, &mut escaped) })?;
        Ok(escaped)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: scopes are values on the stack, so they close in the reverse order of their opening.
        unsafe { sys::napi_close_escapable_handle_scope(self.0, self.1) };
    }
}

/// A value kept alive from call to call.
struct Reference(sys::napi_env, sys::napi_ref);

impl Reference {
    fn new(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: `value` is a live handle of `env`, on its thread.
        check(unsafe { sys::napi_create_reference(env, value, 1, &mut reference) })?;
        Ok(Self(env, reference))
    }

    fn value(&self) -> Result<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is strong, so that its value exists.
        check(unsafe { sys::napi_get_reference_value(self.0, self.1, &mut value) })?;
        Ok(value)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: this is the environment's thread; when the environment itself ends, callbacks are forgotten, not dropped.
        unsafe { sys::napi_delete_reference(self.0, self.1) };
    }
}
