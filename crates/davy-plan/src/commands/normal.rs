//! The normal distribution, for commands that speak of probabilities.

/// The probability of a value at least `z` deviations from the mean, on either side.
/// Abramowitz and Stegun, 7.1.26.
pub(super) fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (poly * (-x * x).exp()).clamp(0.0, 1.0)
}

/// How many deviations around the mean hold that share (0 to 1) of all values.
pub(super) fn deviations(share: f64) -> f64 {
    // `two_sided` falls; halving the interval finds where it meets the share left over.
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > 1.0 - share {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::{deviations, two_sided};

    #[test]
    fn known_quantiles() {
        assert!((two_sided(1.959_964) - 0.05).abs() < 1e-5);
        assert!((deviations(0.95) - 1.959_964).abs() < 1e-4);
        assert!((deviations(0.5) - 0.674_49).abs() < 1e-4);
    }
}
