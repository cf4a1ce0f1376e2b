//! The contradiction and its ways out in the words of a survey.

use super::minimal::FoundSet;
use super::relax::{WayOut, moved};
use super::result::{EdgeChange, MinimalSet, PressingRecord, Relaxation, RelaxationKind, SetMember, Side};
use crate::certificate::infeasibility::Constraints;
use crate::certificate::linear_system::Edge;
use crate::numeric::dd_accumulators::Accumulator;
use crate::reweight::target_system::{Reach, TargetSystem};

/// Names listed in a sentence before the rest is counted.
const NAMES: usize = 8;

impl From<Edge> for Side {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Lower => Self::Lower,
            Edge::Upper => Self::Upper,
        }
    }
}

/// A found set with its names, its records and its sentence.
pub(super) fn describe_set(system: &TargetSystem<'_>, found: &FoundSet, max_records: usize) -> MinimalSet {
    let combination = &found.contradiction.combination;
    let members: Vec<SetMember> = (found.targets.iter())
        .map(|&j| {
            let edge = if combination[j] > 0.0 { Edge::Lower } else { Edge::Upper };
            SetMember {
                target: j,
                name: system.problem.targets()[j].name.clone(),
                side: edge.into(),
                edge: system.edge(j, edge),
                factor: combination[j],
            }
        })
        .collect();
    let check = &found.contradiction.check;
    let mut set = MinimalSet {
        members,
        required: check.required,
        attainable: check.attainable,
        gap: check.gap,
        num_at_lower: 0,
        num_at_upper: 0,
        records: Vec::new(),
        minimal: found.minimal,
        sentence: String::new(),
    };
    add_records(system, combination, max_records, &mut set);
    set.sentence = sentence(system, &set);
    set
}

/// Counts the records that the proof holds at their bounds and names those that press most.
fn add_records(system: &TargetSystem<'_>, y: &[f64], max_records: usize, set: &mut MinimalSet) {
    if system.reach == Reach::Free {
        return;
    }
    let mut pressing: Vec<PressingRecord> = Vec::new();
    let gap = if set.gap > 0.0 { set.gap } else { f64::INFINITY };
    for u in 0..system.units.len() {
        let mut sum = Accumulator::default();
        system.for_each_term(u, |j, a| sum.add_product(a, y[j], 0.0));
        let z = sum.value().to_f64();
        let (lower, upper) = system.unit_bounds(u);
        let (side, bound) = if z > 0.0 { (Side::Upper, upper) } else { (Side::Lower, lower) };
        if z == 0.0 || bound.is_infinite() {
            continue;
        }
        let records = system.units.records(u);
        match side {
            Side::Lower => set.num_at_lower += records.len() as u64,
            Side::Upper => set.num_at_upper += records.len() as u64,
        }
        let pressure = system.weight(u) * z.abs() / gap;
        pressing.push(PressingRecord { record: records[0] as usize, side, bound, pressure });
    }
    pressing.sort_by(|a, b| b.pressure.total_cmp(&a.pressure).then(a.record.cmp(&b.record)));
    pressing.truncate(max_records);
    set.records = pressing;
}

fn sentence(system: &TargetSystem<'_>, set: &MinimalSet) -> String {
    let within = allowed(system);
    if let [member] = &set.members[..] {
        let j = member.target;
        let (least, greatest) = system.extremes(j);
        let records = system.problem.matrix.column(j).0.len();
        let asked = asked_for(system, j);
        if records == 0 {
            return format!("{} asks for {asked}, but no record counts for it.", member.name);
        }
        let (word, extreme) = match member.side {
            Side::Lower => ("at most", greatest),
            Side::Upper => ("at least", least),
        };
        let reached = if system.reach.is_open() { " (not attained)" } else { "" };
        return format!(
            "{} asks for {asked}, but {} {word} {}{reached} {within}: {} {}.",
            member.name,
            if records == 1 {
                "the one record that counts for it gives".into()
            } else {
                format!("the {records} records that count for it give")
            },
            number(extreme),
            number((member.edge - extreme).abs()),
            if member.side == Side::Lower { "too few" } else { "too many" },
        );
    }
    let terms: Vec<String> = (set.members.iter().take(NAMES))
        .map(|m| format!("{} {}", if m.factor > 0.0 { "+" } else { "−" }, term(m.factor.abs(), &m.name)))
        .collect();
    let more = if set.members.len() > NAMES { " + …" } else { "" };
    let conditions: Vec<String> = (set.members.iter().take(NAMES))
        .map(|m| {
            let side = if m.side == Side::Lower { "at least" } else { "at most" };
            format!("{} {side} {}", m.name, number(m.edge))
        })
        .collect();
    let others = if set.members.len() > NAMES { ", …" } else { "" };
    format!(
        "These {} targets cannot be met together{}: {}{others}. By them {}{more} must be at least {}, but no weights {within} give \
         more than {}.",
        set.members.len(),
        match (set.minimal, set.members.len()) {
            (false, _) => String::new(),
            (true, 2) => ", though either can alone".into(),
            (true, size) => format!(", though any {} of them can", size - 1),
        },
        conditions.join(", "),
        terms.join(" ").trim_start_matches("+ "),
        number(set.required),
        number(set.attainable),
    )
}

/// What a target asks for: its total, and how far it may be missed.
fn asked_for(system: &TargetSystem<'_>, j: usize) -> String {
    let (lower, upper) = (system.lower[j], system.upper[j]);
    if lower == upper { number(lower) } else { format!("{} to {}", number(lower), number(upper)) }
}

/// The multipliers allowed, in words.
fn allowed(system: &TargetSystem<'_>) -> String {
    let uniform = match &system.problem.bounds {
        crate::reweight::Bounds::Uniform { lower, upper } => Some((*lower, *upper)),
        crate::reweight::Bounds::PerRecord { .. } => None,
    };
    match (system.reach, uniform) {
        (Reach::Within, Some((lower, upper))) => {
            format!("with multipliers from {} to {}", number(lower), number(upper))
        }
        (Reach::StrictlyWithin, Some((lower, upper))) => {
            format!("with multipliers between {} and {}", number(lower), number(upper))
        }
        (Reach::Within | Reach::StrictlyWithin, None) => "within the records' bounds".into(),
        (Reach::Positive, _) => "above zero".into(),
        (Reach::Free, _) => "of any sign".into(),
    }
}

fn term(factor: f64, name: &str) -> String {
    if factor == 1.0 { name.into() } else { format!("{} {name}", number(factor)) }
}

/// A way out with its names and its sentence.
pub(super) fn describe_way_out(
    system: &TargetSystem<'_>,
    way: &WayOut,
    kind: RelaxationKind,
    set: Option<usize>,
) -> Relaxation {
    let relaxed = moved(system, &way.moves);
    let changes: Vec<EdgeChange> = (way.moves.iter())
        .map(|&(j, edge, amount)| EdgeChange {
            target: j,
            name: system.problem.targets()[j].name.clone(),
            side: edge.into(),
            from: system.edge(j, edge),
            to: relaxed.edge(j, edge),
            fraction: amount / system.size(j),
        })
        .collect();
    let sentence = match kind {
        RelaxationKind::InProportion => format!(
            "All targets can be met once each may be missed by a further {} of its total; less than {} does not do.",
            percent(way.cost),
            percent(way.at_least),
        ),
        RelaxationKind::OneTarget => {
            let words: Vec<String> = changes.iter().map(change_in_words).collect();
            format!("This contradiction is resolved if {}.", words.join(", "))
        }
        RelaxationKind::LeastSum => {
            let mut largest_first: Vec<&EdgeChange> = changes.iter().collect();
            largest_first.sort_by(|a, b| b.fraction.total_cmp(&a.fraction).then(a.target.cmp(&b.target)));
            let words: Vec<String> = largest_first.into_iter().take(NAMES).map(change_in_words).collect();
            let more = changes.len().saturating_sub(NAMES);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!(
                "All targets can be met if {}{more}: {} of the totals in sum, and no less than {} does.",
                words.join(", "),
                percent(way.cost),
                percent(way.at_least),
            )
        }
    };
    Relaxation { kind, set, changes, cost: way.cost, cost_at_least: way.at_least, sentence }
}

fn change_in_words(change: &EdgeChange) -> String {
    let side = if change.side == Side::Lower { "down" } else { "up" };
    format!(
        "{} may go {side} to {} instead of {} ({} of its total)",
        change.name,
        number(change.to),
        number(change.from),
        percent(change.fraction)
    )
}

fn percent(fraction: f64) -> String {
    format!("{} %", number(100.0 * fraction))
}

/// Six significant digits, thousands set apart.
fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let exponent = libm::floor(libm::log10(x.abs())) as i32;
    if !(-6..15).contains(&exponent) {
        return format!("{x:.5e}");
    }
    let decimals = (5 - exponent).max(0) as usize;
    let text = format!("{x:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_read_well() {
        let read = |x: f64| number(x);
        assert_eq!(read(0.0), "0");
        assert_eq!(read(1_234_567.89), "1,234,568");
        assert_eq!(read(-1234.5), "-1,234.5");
        assert_eq!(read(0.005), "0.005");
        assert_eq!(read(12.0), "12");
        assert_eq!(read(1e-9), "1.00000e-9");
        assert_eq!(read(174_205.25), "174,205");
    }
}
