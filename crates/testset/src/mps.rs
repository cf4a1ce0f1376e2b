//! MPS files as the Netlib set uses them: sections ROWS, COLUMNS, RHS, BOUNDS; fields split at blanks; no RANGES.

use super::LinearConstraints;

/// Reads the constraints of an MPS text; the first N row is the objective and is left out, as are other N rows.
///
/// # Panics
/// On anything outside the format, with the line: the files are fixed test material.
pub fn read_mps(text: &str) -> LinearConstraints {
    let mut out = LinearConstraints::default();
    let mut section = "";
    let mut free_rows = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('*') && !l.trim().is_empty()) {
        let mut fields: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(' ') {
            section = fields[0];
            assert!(section != "RANGES", "no RANGES expected");
            continue;
        }
        match section {
            "ROWS" => match fields[0] {
                "N" => free_rows.push(fields[1]),
                kind => {
                    out.row_names.push(fields[1].into());
                    out.row_lower.push(if kind == "L" { f64::NEG_INFINITY } else { 0.0 });
                    out.row_upper.push(if kind == "G" { f64::INFINITY } else { 0.0 });
                }
            },
            "COLUMNS" => {
                if out.column_names.last().is_none_or(|last| last != fields[0]) {
                    out.column_names.push(fields[0].into());
                    out.lower.push(0.0);
                    out.upper.push(f64::INFINITY);
                }
                let column = out.column_names.len() as u32 - 1;
                for (row, value) in pairs(&fields[1..]) {
                    if !free_rows.contains(&row) {
                        out.entries.push((position(&out.row_names, row, line) as u32, column, value));
                    }
                }
            }
            "RHS" => {
                // The name of the set may be blank.
                let skip = fields.len() % 2;
                for (row, value) in pairs(&fields[skip..]) {
                    if !free_rows.contains(&row) {
                        let i = position(&out.row_names, row, line);
                        for side in [&mut out.row_lower[i], &mut out.row_upper[i]] {
                            if side.is_finite() {
                                *side = value;
                            }
                        }
                    }
                }
            }
            "BOUNDS" => {
                if fields.len() == 3 {
                    fields.insert(1, "");
                }
                let j = position(&out.column_names, fields[2], line);
                let value: f64 = number(fields[3]);
                match fields[0] {
                    "LO" => out.lower[j] = value,
                    "UP" => out.upper[j] = value,
                    "FX" => (out.lower[j], out.upper[j]) = (value, value),
                    other => panic!("bound type {other} in: {line}"),
                }
            }
            other => panic!("section {other} in: {line}"),
        }
    }
    out
}

fn pairs<'a>(fields: &'a [&'a str]) -> impl Iterator<Item = (&'a str, f64)> {
    fields.chunks_exact(2).map(|pair| (pair[0], number(pair[1])))
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn position(names: &[String], name: &str, line: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| panic!("unknown name in: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_section() {
        let text = "NAME T\nROWS\n N cost\n G a\n L b\n E c\nCOLUMNS\n x cost 1. a 2.\n x c -.5\n y b 3\nRHS\n R a 4. c 5\n\
                    BOUNDS\n UP B x 7\n FX B y 1\nENDATA\n";
        let lp = read_mps(text);
        assert_eq!(lp.row_names, ["a", "b", "c"]);
        assert_eq!(lp.entries, [(0, 0, 2.0), (2, 0, -0.5), (1, 1, 3.0)]);
        assert_eq!(lp.row_lower, [4.0, f64::NEG_INFINITY, 5.0]);
        assert_eq!(lp.row_upper, [f64::INFINITY, 0.0, 5.0]);
        assert_eq!((lp.lower, lp.upper), (vec![0.0, 1.0], vec![7.0, 1.0]));
    }
}
