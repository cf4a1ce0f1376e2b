//! The generated national population.

use equipoise::reweight::synthetic::{AMOUNTS, NATIONAL_TARGETS, NationalPopulation, SyntheticArea};
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use serde::Serialize;

use crate::convert::Plain;
use crate::errors::contained;

/// Columns and matrix as typed arrays, targets and areas as plain data.
pub struct Population(NationalPopulation, Vec<SyntheticArea>);

#[derive(Serialize)]
struct TargetColumns<'a> {
    name: &'a str,
    predicate: &'a str,
    value: &'a str,
    total: f64,
}

#[derive(Serialize)]
struct Area<'a> {
    key: &'a str,
    share: f64,
    totals: &'a [f64],
}

#[napi(ts_return_type = "object")]
pub fn generate_national(
    env: &Env,
    num_records: u32,
    num_targets: Option<u32>,
    seed: f64,
    num_areas: u32,
) -> Result<Population> {
    contained(env, || {
        let num_targets = num_targets.map_or(NATIONAL_TARGETS, |number| number as usize);
        let population = NationalPopulation::generate(num_records as usize, num_targets, seed as u64)?;
        let areas = population.areas(num_areas as usize, seed as u64);
        Ok(Population(population, areas))
    })
}

impl ToNapiValue for Population {
    unsafe fn to_napi_value(env: sys::napi_env, Self(population, areas): Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        let targets: Vec<TargetColumns<'_>> = (population.targets.iter())
            .map(|t| TargetColumns {
                name: &t.name,
                predicate: &t.predicate,
                value: &t.value,
                total: t.total,
            })
            .collect();
        let areas: Vec<Area<'_>> = (areas.iter())
            .map(|area| Area { key: &area.key, share: area.share, totals: &area.totals })
            .collect();
        let mut columns = Object::new(&env)?;
        let amounts = AMOUNTS.into_iter().zip(population.amounts);
        let others = [
            ("weight", population.weight),
            ("agi", population.agi),
            ("filing_status", population.filing_status),
            ("filer", population.filer),
        ];
        for (name, values) in others.into_iter().chain(amounts) {
            columns.set_named_property(name, Float64Array::new(values))?;
        }
        let mut matrix = Object::new(&env)?;
        let (starts, rows, values) = population.matrix.into_csc();
        matrix.set_named_property("format", "csc")?;
        matrix.set_named_property("columnStarts", Uint32Array::new(starts))?;
        matrix.set_named_property("rowIndices", Uint32Array::new(rows))?;
        matrix.set_named_property("values", Float64Array::new(values))?;
        let mut object = Object::new(&env)?;
        object.set_named_property("columns", columns)?;
        object.set_named_property("targets", Plain(targets))?;
        object.set_named_property("areas", Plain(areas))?;
        object.set_named_property("matrix", matrix)?;
        Ok(object.raw())
    }
}
