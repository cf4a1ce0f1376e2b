//! Which band and which weight each target has: the defaults, then every override in order.

use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use super::options::{Band, BandOptions, BandWeight, check_band, positive};
use crate::error::{InputCode, InputError};
use crate::reweight::problem::Target;

/// Another band or weight for some targets. Of several that speak of one target, the later wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandOverride {
    /// The targets it is for.
    pub targets: TargetSelector,
    /// Their band; `None` leaves it as it is.
    pub band: Option<Band>,
    /// Their weight; `None` leaves it as it is.
    pub weight: Option<BandWeight>,
    /// True if a pattern may match no target at all.
    pub optional: bool,
}

/// Targets by position or by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSelector {
    /// The target of this index, from 0.
    Index(usize),
    /// All targets whose whole name matches: `*` stands for any characters, `?` for one.
    Pattern(String),
}

/// The band and weight of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::reweight) struct TargetBand {
    pub band: Band,
    /// Mⱼ, the importance counted in; `None` means ∞: the band is hard.
    pub elastic: Option<f64>,
}

impl BandOverride {
    /// Gives the targets that match `pattern` this band.
    pub fn band(pattern: impl Into<String>, band: Band) -> Self {
        let targets = TargetSelector::Pattern(pattern.into());
        Self { targets, band: Some(band), weight: None, optional: false }
    }

    /// Gives the targets that match `pattern` this weight.
    pub fn weight(pattern: impl Into<String>, weight: BandWeight) -> Self {
        let targets = TargetSelector::Pattern(pattern.into());
        Self { targets, band: None, weight: Some(weight), optional: false }
    }
}

impl TargetSelector {
    /// The indices of the targets it speaks of, ascending.
    ///
    /// # Errors
    /// At `path`, where it speaks of none: an index too large, or a pattern without a match that is not `optional`.
    pub(in crate::reweight) fn resolve(
        &self,
        path: &str,
        targets: &[Target],
        optional: bool,
    ) -> Result<Vec<usize>, InputError> {
        match self {
            Self::Index(j) if *j < targets.len() => Ok(vec![*j]),
            Self::Index(j) => {
                let expected = format!("an index below {}", targets.len());
                Err(InputError::new(InputCode::OutOfRange, path, expected, j.to_string()))
            }
            Self::Pattern(text) => {
                let pattern = WildMatch::new(text);
                let matches: Vec<usize> =
                    (0..targets.len()).filter(|&j| pattern.matches(&targets[j].name)).collect();
                if matches.is_empty() && !optional {
                    let expected = "a pattern that matches the name of a target (or mark it optional)";
                    let received = format!("{text:?}, which matches none");
                    return Err(InputError::new(InputCode::Empty, path, expected, received));
                }
                Ok(matches)
            }
        }
    }
}

impl BandOptions {
    /// The band and weight of each of the targets (k).
    ///
    /// # Errors
    /// A band whose tolerance is negative or whose edges cross, a weight or importance that is not positive; an override that
    /// matches nothing and is not optional; a target with total 0 and no absolute tolerance.
    pub(in crate::reweight) fn target_bands(
        &self,
        targets: &[Target],
    ) -> Result<Vec<TargetBand>, InputError> {
        let (mut bands, mut weights) = self.defaults(targets)?;
        for (i, change) in self.overrides.iter().enumerate() {
            if let Some(band) = change.band {
                check_band(&format!("overrides[{i}].band"), band)?;
            }
            if let Some(BandWeight::Elastic(weight)) = change.weight {
                positive(&format!("overrides[{i}].weight"), weight)?;
            }
            let path = format!("overrides[{i}].match");
            for j in change.targets.resolve(&path, targets, change.optional)? {
                bands[j] = change.band.unwrap_or(bands[j]);
                weights[j] = change.weight.unwrap_or(weights[j]);
            }
        }
        for (j, target) in targets.iter().enumerate() {
            if target.total == 0.0 && matches!(bands[j], Band::Relative(_)) {
                return Err(InputError::new(
                    InputCode::OutOfRange,
                    format!("targets[{j}].tolerance"),
                    "an absolute tolerance, since the total is 0 (or set the tolerance of zero targets)",
                    format!("a relative one for target {:?}", target.name),
                ));
            }
        }
        let elastic = self.elastic_weights(&weights)?;
        Ok(bands.into_iter().zip(elastic).map(|(band, elastic)| TargetBand { band, elastic }).collect())
    }

    fn defaults(&self, targets: &[Target]) -> Result<(Vec<Band>, Vec<BandWeight>), InputError> {
        check_band("band", self.band)?;
        if let BandWeight::Elastic(weight) = self.weight {
            positive("weight", weight)?;
        }
        if let Some(tolerance) = self.zero_tolerance {
            check_band("zeroTolerance", Band::Absolute(tolerance))?;
        }
        let band = |target: &Target| match self.zero_tolerance {
            Some(tolerance) if target.total == 0.0 => Band::Absolute(tolerance),
            _ => self.band,
        };
        Ok((targets.iter().map(band).collect(), vec![self.weight; targets.len()]))
    }

    /// Mⱼ = weight · importanceⱼ.
    fn elastic_weights(&self, weights: &[BandWeight]) -> Result<Vec<Option<f64>>, InputError> {
        if let Some(importance) = &self.importance {
            if importance.len() != weights.len() {
                return Err(InputError::length("importance", weights.len(), importance.len()));
            }
            for (j, &value) in importance.iter().enumerate() {
                positive(&format!("importance[{j}]"), value)?;
            }
        }
        let elastic = |(j, weight): (usize, &BandWeight)| match weight {
            BandWeight::Hard => Ok(None),
            BandWeight::Elastic(weight) => {
                let product = weight * self.importance.as_ref().map_or(1.0, |values| values[j]);
                if product.is_normal() {
                    Ok(Some(product))
                } else {
                    let expected = "a number whose product with the weight can be represented";
                    Err(InputError::out_of_range(format!("importance[{j}]"), expected, product))
                }
            }
        };
        weights.iter().enumerate().map(elastic).collect()
    }
}
