//! `tracing` events on their way to JavaScript: one subscriber per solve, set on the solver's thread.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// An event as JavaScript sees it.
#[derive(Serialize)]
pub struct SolverEvent {
    level: &'static str,
    target: &'static str,
    message: String,
    fields: BTreeMap<&'static str, Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// Hands every event up to level debug to a function; spans carry nothing that JavaScript sees.
pub struct Forwarder<F>(pub F);

impl<F: Fn(SolverEvent) + Send + Sync + 'static> Subscriber for Forwarder<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::DEBUG
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        (self.0)(SolverEvent {
            level: level_name(*metadata.level()),
            target: metadata.target(),
            message: fields.message,
            fields: fields.others,
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<&'static str, Value>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.into();
        } else {
            self.others.insert(field.name(), Value::Text(value.into()));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.insert(field.name(), Value::Boolean(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.insert(field.name(), Value::Number(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_f64(field, value as f64);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_f64(field, value as f64);
    }
}
