//! Objectives written in JavaScript, whatever the solver: it asks for *kinds of evaluation* with up to three vectors, and
//! gets back a record of numbers and vectors.
//!
//! | module | for |
//! | --- | --- |
//! | [`message`] | what is asked and answered |
//! | [`callback`] | one call of the façade's function, on JavaScript's thread |
//! | [`direct`] | solves on JavaScript's thread |
//! | [`session`] | solves on a thread of their own, whose objective may be asynchronous |
//! | [`notices`] | iteration records and events, in order, between evaluations |
//!
//! The façade's function never throws: it keeps what the user's function threw, answers "stop", and throws the kept value
//! when the solver has handed over its best point. So any value passes through unchanged.

pub mod callback;
pub mod direct;
pub mod message;
pub mod notices;
pub mod probe;
pub mod session;
