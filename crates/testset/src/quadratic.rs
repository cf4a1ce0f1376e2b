//! The convex quadratic programs of Maros and Mészáros, from one JSON file.

use serde_json::Value;

use super::LinearConstraints;

/// min ½xᵀPx + qᵀx + r over linear constraints.
#[derive(Debug, Clone)]
pub struct QuadraticProgram {
    /// Name in the collection.
    pub name: String,
    /// Upper triangle of P with its diagonal, as (row, column, value).
    pub hessian_upper: Vec<(u32, u32, f64)>,
    /// q (n).
    pub linear: Vec<f64>,
    /// r.
    pub constant: f64,
    /// Rows and bounds.
    pub constraints: LinearConstraints,
    /// The published optimum.
    pub optimum: f64,
}

/// Reads `qp_maros_meszaros.json`.
///
/// # Panics
/// If the text is not in that form: the file is fixed test material.
pub fn read_maros_meszaros(text: &str) -> Vec<QuadraticProgram> {
    let file: Value = serde_json::from_str(text).expect("JSON");
    file.as_object().expect("problems by name").iter().map(|(name, p)| program(name, p)).collect()
}

fn program(name: &str, p: &Value) -> QuadraticProgram {
    let published = p["reference"]["OPT_published_BPMPD"].as_str().expect("published optimum");
    let count = |key: &str| p[key].as_u64().expect("a size") as usize;
    QuadraticProgram {
        name: name.into(),
        hessian_upper: triples(&p["P_upper"]),
        linear: numbers(&p["q"], f64::NAN),
        constant: p["r"].as_f64().expect("a constant"),
        constraints: LinearConstraints {
            row_names: (0..count("m")).map(|i| format!("row{i}")).collect(),
            column_names: (0..count("n")).map(|j| format!("x{j}")).collect(),
            entries: triples(&p["A"]),
            row_lower: numbers(&p["rl"], f64::NEG_INFINITY),
            row_upper: numbers(&p["ru"], f64::INFINITY),
            lower: numbers(&p["xl"], f64::NEG_INFINITY),
            upper: numbers(&p["xu"], f64::INFINITY),
        },
        // Fortran writes the exponent as D.
        optimum: published.replace(['D', 'd'], "e").parse().expect("a number"),
    }
}

fn numbers(values: &Value, null: f64) -> Vec<f64> {
    values.as_array().expect("an array").iter().map(|v| v.as_f64().unwrap_or(null)).collect()
}

fn triples(value: &Value) -> Vec<(u32, u32, f64)> {
    let index =
        |k: usize| value[k].as_array().expect("indices").iter().map(|v| v.as_u64().expect("index") as u32);
    index(0).zip(index(1)).zip(numbers(&value[2], f64::NAN)).map(|((i, j), a)| (i, j, a)).collect()
}
