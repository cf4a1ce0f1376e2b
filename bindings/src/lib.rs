//! N-API bindings of the `equipoise` crate.
