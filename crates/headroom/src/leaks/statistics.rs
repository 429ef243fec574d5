//! The statistics of a trend: Mann-Kendall's test, Theil and Sen's slope, Kendall's rank correlation, of which none
//! minds a value that is far off or assumes how the values are distributed; and how far steps go by chance.
#![expect(clippy::float_arithmetic, reason = "slopes and probabilities; no money")]

use std::cmp::Ordering;

/// How sure it is that values rise or fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Rising pairs less falling ones.
    pub score: i32,
    /// The probability that values without a trend score as far from zero as these.
    pub p: f64,
}

/// Mann-Kendall's test, two-sided, with the correction for equal values and for continuity.
pub fn mann_kendall(values: &[f64]) -> Trend {
    let mut score = 0;
    for (at, later) in values.iter().enumerate() {
        score += values[..at].iter().map(|earlier| sign(*earlier, *later)).sum::<i32>();
    }
    let deviation = variance(values).sqrt();
    let z = if score == 0 || deviation == 0.0 { 0.0 } else { f64::from(score.abs() - 1) / deviation };
    Trend { score, p: two_tails(z) }
}

/// The variance of the score, were the values in any order equally likely.
fn variance(values: &[f64]) -> f64 {
    let term = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties = sorted.chunk_by(|a, b| sign(*a, *b) == 0).map(|equal| term(length(equal))).sum::<f64>();
    (term(length(values)) - ties) / 18.0
}

/// The median of the slopes of all pairs; zero where there is none.
pub fn theil_sen(x: &[f64], y: &[f64]) -> f64 {
    let mut slopes = Vec::with_capacity(x.len() * x.len() / 2);
    for later in 0..x.len() {
        let pairs = (0..later).filter(|earlier| x[later] > x[*earlier]);
        slopes.extend(pairs.map(|earlier| (y[later] - y[earlier]) / (x[later] - x[earlier])));
    }
    median(&mut slopes)
}

/// Kendall's tau-b: 1 where both always rise together, -1 where one falls when the other rises.
pub(super) fn tau(x: &[f64], y: &[f64]) -> f64 {
    let (mut score, mut in_x, mut in_y) = (0, 0, 0);
    for later in 0..x.len() {
        for earlier in 0..later {
            let (dx, dy) = (sign(x[earlier], x[later]), sign(y[earlier], y[later]));
            score += dx * dy;
            in_x += dx.abs();
            in_y += dy.abs();
        }
    }
    let scale = (f64::from(in_x) * f64::from(in_y)).sqrt();
    if scale == 0.0 { 0.0 } else { f64::from(score) / scale }
}

/// How many times its own uncertainty the whole growth is, were each step an independent one: what a random walk of such
/// steps does by chance stays within a few times. Infinite for steps that are all alike.
pub(super) fn drift(values: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return 0.0 };
    let steps = length(values) - 1.0;
    let (growth, uncertainty) = (last - first, step_deviation(values) * steps.sqrt());
    if steps < 2.0 || growth <= 0.0 {
        return 0.0;
    }
    if uncertainty == 0.0 { f64::INFINITY } else { growth / uncertainty }
}

/// The standard deviation of the steps from each value to the next; zero for fewer than two steps.
fn step_deviation(values: &[f64]) -> f64 {
    covariance(&steps(values), 0).sqrt()
}

/// What each step adds to the deviation of their sum, also where they depend on each other: values that waver round a line
/// step back as far as they stepped away, and their sum goes nowhere. Never less than a quarter of the steps' own: few steps
/// tell little of how they depend.
pub(super) fn walk_deviation(values: &[f64]) -> f64 {
    let steps = steps(values);
    let alone = covariance(&steps, 0);
    (alone + 2.0 * covariance(&steps, 1)).max(alone / 16.0).sqrt()
}

/// From each value to the next, less their mean.
fn steps(values: &[f64]) -> Vec<f64> {
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = steps.iter().sum::<f64>() / length(&steps).max(1.0);
    steps.into_iter().map(|step| step - mean).collect()
}

/// Of steps with those that come so many later.
fn covariance(steps: &[f64], later: usize) -> f64 {
    if steps.len() < 2 {
        return 0.0;
    }
    let products: f64 = steps.iter().zip(&steps[later..]).map(|(step, other)| step * other).sum();
    products / (length(steps) - 1.0)
}

/// The middle of the sizes of what a line of this slope leaves over.
pub(super) fn scatter(x: &[f64], y: &[f64], slope: f64) -> f64 {
    let mut rests: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - slope * x).collect();
    let middle = median(&mut rests.clone());
    for rest in &mut rests {
        *rest = (*rest - middle).abs();
    }
    median(&mut rests)
}

/// The middle one; zero where there is none. The values come out of order.
pub(super) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn sign(earlier: f64, later: f64) -> i32 {
    match later.partial_cmp(&earlier) {
        Some(Ordering::Greater) => 1,
        Some(Ordering::Less) => -1,
        _ => 0,
    }
}

/// Both tails of the normal distribution beyond `z` (Abramowitz and Stegun, 7.1.26; off by 1.5e-7 at most).
fn two_tails(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let sum = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    (sum * (-x * x).exp()).clamp(0.0, 1.0)
}

fn length(values: &[f64]) -> f64 {
    f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-3
    }

    #[test]
    fn the_test_gives_the_published_probabilities() {
        // Six rising values: S = 15, Var = 28.33, z = 2.63.
        let rising = mann_kendall(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(rising.score == 15 && is_near(rising.p, 0.008_5), "{rising:?}");
        // One pair out of order is one too many for six values: z = 2.25.
        let nearly = mann_kendall(&[2.0, 1.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(nearly.score == 13 && is_near(nearly.p, 0.024_2), "{nearly:?}");
        assert!(is_near(mann_kendall(&[3.0; 9]).p, 1.0));
        assert_eq!(mann_kendall(&[5.0, 4.0, 3.0]).score, -3);
        assert!(is_near(two_tails(1.959_964), 0.05) && is_near(two_tails(2.575_829), 0.01));
        // Three pairs of equals: 6*5*17 - 3 * 2*1*9 = 456, by 18.
        assert!(is_near(variance(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), 25.333));
    }

    #[test]
    fn one_value_that_is_far_off_does_not_move_the_slope() {
        let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let y = [0.0, 2.0, 4.0, 900.0, 8.0, 10.0, 12.0];
        assert!(is_near(theil_sen(&x, &y), 2.0));
        assert!(is_near(scatter(&x, &y, 2.0), 0.0));
        assert!(is_near(theil_sen(&[1.0, 1.0], &[1.0, 2.0]), 0.0), "no pair has a slope");
    }

    #[test]
    fn ranks_go_together_or_do_not() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert!(is_near(tau(&x, &[1.0, 4.0, 9.0, 16.0]), 1.0));
        assert!(is_near(tau(&x, &[4.0, 3.0, 2.0, 1.0]), -1.0));
        assert!(is_near(tau(&x, &[7.0; 4]), 0.0));
    }

    #[test]
    fn a_walk_by_chance_drifts_little() {
        assert!(drift(&[0.0, 1.0, 2.0, 3.0]).is_infinite());
        assert!(drift(&[0.0, 9.0, 0.0, 9.0, 1.0]) < 1.0);
        assert!(is_near(drift(&[3.0, 2.0, 1.0]), 0.0) && is_near(drift(&[1.0]), 0.0));
        // Steps of 1, 3 and 5 lie 2 round 3.
        assert!(is_near(step_deviation(&[0.0, 1.0, 4.0, 9.0]), 2.0));
        assert!(is_near(step_deviation(&[1.0, 9.0]), 0.0) && is_near(walk_deviation(&[1.0]), 0.0));
    }

    #[test]
    fn what_steps_back_as_far_goes_nowhere() {
        // Steps of 2, -2, 2, -2: 16 / 3 each, and -12 / 3 with the next one.
        let to_and_fro = [0.0, 2.0, 0.0, 2.0, 0.0];
        assert!(is_near(walk_deviation(&to_and_fro), step_deviation(&to_and_fro) / 4.0));
        // Steps of 1, 1, 3, 3: (1 + 1 + 1 + 1) / 3 each, and (1 - 1 + 1) / 3 with the next one.
        assert!(is_near(walk_deviation(&[0.0, 1.0, 2.0, 5.0, 8.0]), 2.0_f64.sqrt()));
    }
}
