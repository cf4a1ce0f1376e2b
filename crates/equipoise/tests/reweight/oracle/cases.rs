//! Random problems with every trap that real data have: duplicate and contradictory targets, empty rows and columns, scales
//! from 1e-3 to 1e12, records fixed by their bounds, totals that the design weights meet already.

use super::Case;
use proptest::prelude::*;

/// How the total of a column comes about.
#[derive(Debug, Clone)]
enum Total {
    /// The design total times a factor.
    Factor(f64),
    /// The design total rounded to a double: met as well as a double can.
    Met,
    /// A number that has nothing to do with the column.
    Any(f64),
}

#[derive(Debug, Clone)]
struct Column {
    values: Vec<f64>,
    scale_exponent: i32,
    total: Total,
    scale: Option<f64>,
    /// A copy of the column before, whose total is off by this relative amount.
    copy: Option<f64>,
}

fn entry() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => Just(0.0),
        4 => (1i32..6).prop_map(f64::from),
        1 => (-4i32..0).prop_map(f64::from),
        2 => -3.0f64..3.0,
    ]
}

fn power_of_ten(range: std::ops::RangeInclusive<i32>) -> impl Strategy<Value = f64> {
    range.prop_map(|e| 10f64.powi(e))
}

fn column(n: usize, total: BoxedStrategy<Total>) -> impl Strategy<Value = Column> {
    (
        prop_oneof![12 => prop::collection::vec(entry(), n), 1 => Just(vec![0.0; n])],
        prop_oneof![4 => Just(0), 2 => -3i32..=12],
        total,
        prop_oneof![
            8 => Just(None),
            1 => (power_of_ten(-3..=12), prop_oneof![Just(1.0), Just(-1.0)], 0.5f64..2.0)
                .prop_map(|(p, sign, f)| Some(p * sign * f)),
        ],
        prop_oneof![
            6 => Just(None),
            1 => Just(Some(0.0)),
            1 => power_of_ten(-15..=-1).prop_map(Some),
        ],
    )
        .prop_map(|(values, scale_exponent, total, scale, copy)| Column {
            values,
            scale_exponent,
            total,
            scale,
            copy,
        })
}

fn bounds(n: usize) -> impl Strategy<Value = Vec<(f64, f64)>> {
    let around = |width: f64| Just(vec![(1.0 - width, 1.0 + width); n]);
    let own = prop_oneof![
        4 => Just((0.1, 10.0)),
        2 => (0.0f64..1.0, 0.0f64..4.0).prop_map(|(lower, width)| (lower, 1.0 + width)),
        1 => (0.0f64..3.0).prop_map(|x| (x, x)),
        1 => Just((1.0, 1.0)),
        1 => (1.1f64..2.0, 0.1f64..2.0).prop_map(|(lower, width)| (lower, lower + width)),
        1 => (0.1f64..0.5, 0.1f64..0.4).prop_map(|(lower, width)| (lower, lower + width)),
        1 => Just((-2.0, 3.0)),
        1 => Just((0.0, 5.0)),
    ];
    prop_oneof![
        4 => Just(vec![(0.1, 10.0); n]),
        1 => around(1e-3),
        1 => around(1e-9),
        1 => Just(vec![(-1e6, 1e6); n]),
        4 => prop::collection::vec(own, n),
    ]
}

fn penalty() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(1e-2),
        Just(1e-6),
        (-8i32..=2, 1.0f64..10.0).prop_map(|(e, f)| (f * 10f64.powi(e)).min(1e2)),
    ]
}

fn weight() -> impl Strategy<Value = f64> {
    (1.0f64..1000.0, prop_oneof![4 => Just(1.0), 1 => power_of_ten(-3..=4)]).prop_map(|(w, p)| {
        // Two decimals, as files have them.
        (w * 100.0).round() / 100.0 * p
    })
}

fn total() -> BoxedStrategy<Total> {
    prop_oneof![
        6 => (0.2f64..3.0).prop_map(Total::Factor),
        1 => (-2.0f64..0.0).prop_map(Total::Factor),
        1 => Just(Total::Factor(0.0)),
        1 => Just(Total::Met),
        1 => (-1000.0f64..1000.0).prop_map(Total::Any),
        1 => (-3i32..4).prop_map(|t| Total::Any(f64::from(t))),
    ]
    .boxed()
}

/// Any problem of up to `max_records` records and `max_targets` targets.
pub fn any_case(max_records: usize, max_targets: usize) -> impl Strategy<Value = Case> {
    sized(max_records, max_targets, total())
}

/// Problems whose targets the design weights meet up to the rounding of the totals: L₀ is 0 or tiny.
pub fn met_case(max_records: usize, max_targets: usize) -> impl Strategy<Value = Case> {
    sized(max_records, max_targets, Just(Total::Met).boxed())
}

fn sized(max_records: usize, max_targets: usize, total: BoxedStrategy<Total>) -> impl Strategy<Value = Case> {
    (1..=max_records, 1..=max_targets).prop_flat_map(move |(n, k)| {
        (
            prop::collection::vec(column(n, total.clone()), k),
            prop::collection::vec(weight(), n),
            bounds(n),
            penalty(),
        )
            .prop_map(|(columns, weights, bounds, penalty)| assemble(&columns, weights, bounds, penalty))
    })
}

fn assemble(columns: &[Column], weights: Vec<f64>, bounds: Vec<(f64, f64)>, penalty: f64) -> Case {
    let n = weights.len();
    let mut case = Case {
        matrix: vec![Vec::new(); n],
        weights,
        totals: Vec::new(),
        scales: Vec::new(),
        bounds,
        penalty,
    };
    for column in columns {
        let (values, total) = match (column.copy, case.totals.last()) {
            (Some(off), Some(total)) => {
                let values = case.matrix.iter().map(|row| *row.last().unwrap()).collect();
                (values, total * (1.0 + off))
            }
            _ => {
                let factor = 10f64.powi(column.scale_exponent);
                let values: Vec<f64> = column.values.iter().map(|x| x * factor).collect();
                let design: f64 = values.iter().zip(&case.weights).map(|(a, w)| a * w).sum();
                let total = match column.total {
                    Total::Factor(f) => f * design,
                    Total::Met => design,
                    Total::Any(t) => t,
                };
                (values, total)
            }
        };
        for (row, value) in case.matrix.iter_mut().zip(values) {
            row.push(value);
        }
        // -1 has the default scale 0, which is an input error.
        case.totals.push(if total == -1.0 { -2.0 } else { total });
        case.scales.push(column.scale);
    }
    case
}
