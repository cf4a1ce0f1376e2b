//! The part of the LP format that the two `.lp` cases use: rows of signed names, `<=`/`>=`/`=`, two-sided bounds.

use super::LinearConstraints;

/// Reads the constraints of an LP text (the objective only declares its variables).
///
/// # Panics
/// On anything outside that part of the format: the files are fixed test material.
pub fn read_lp(text: &str) -> LinearConstraints {
    let mut out = LinearConstraints::default();
    let mut section = String::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let lower_case = line.to_lowercase();
        if ["maximize", "minimize", "s.t.", "bounds", "end"].contains(&lower_case.as_str()) {
            section = lower_case;
            continue;
        }
        let body = line.split_once(':').map_or(line, |(_, rest)| rest);
        let tokens: Vec<&str> = body.split_whitespace().collect();
        match section.as_str() {
            "maximize" | "minimize" => {
                for token in &tokens {
                    let name = token.split('^').next().unwrap_or(token);
                    if name.starts_with(char::is_alphabetic) {
                        out.column(name);
                    }
                }
            }
            "s.t." => out.add_row(line, &tokens),
            "bounds" => {
                let [lower, "<=", name, "<=", upper] = tokens[..] else { panic!("bounds: {line}") };
                let j = out.column(name) as usize;
                (out.lower[j], out.upper[j]) = (number(lower), number(upper));
            }
            other => panic!("section {other}: {line}"),
        }
    }
    out
}

impl LinearConstraints {
    fn column(&mut self, name: &str) -> u32 {
        if let Some(j) = self.column_names.iter().position(|n| n == name) {
            return j as u32;
        }
        self.column_names.push(name.into());
        self.lower.push(0.0);
        self.upper.push(f64::INFINITY);
        self.column_names.len() as u32 - 1
    }

    fn add_row(&mut self, line: &str, tokens: &[&str]) {
        let row = self.row_names.len() as u32;
        self.row_names.push(format!("row{row}"));
        let [terms @ .., relation, right_side] = tokens else { panic!("row: {line}") };
        let (mut sign, mut coefficient) = (1.0, 1.0);
        for term in terms {
            match *term {
                "+" => sign = 1.0,
                "-" => sign = -1.0,
                name if name.starts_with(char::is_alphabetic) => {
                    let column = self.column(name);
                    self.entries.push((row, column, sign * coefficient));
                    (sign, coefficient) = (1.0, 1.0);
                }
                factor => coefficient = number(factor),
            }
        }
        let right_side = number(right_side);
        self.row_lower.push(if *relation == "<=" { f64::NEG_INFINITY } else { right_side });
        self.row_upper.push(if *relation == ">=" { f64::INFINITY } else { right_side });
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_and_bounds() {
        let lp = read_lp(
            "Maximize\n obj: x2 + [ - x1^2 ]/2\ns.t.\n 2 x1 - x2 >= 42\nBounds\n 0 <= x1 <= 10\nEnd\n",
        );
        assert_eq!(lp.column_names, ["x2", "x1"]);
        assert_eq!(lp.entries, [(0, 1, 2.0), (0, 0, -1.0)]);
        assert_eq!((lp.row_lower, lp.row_upper), (vec![42.0], vec![f64::INFINITY]));
        assert_eq!((lp.lower, lp.upper), (vec![0.0, 0.0], vec![f64::INFINITY, 10.0]));
    }
}
