//! State space models of a series: a level that wanders, perhaps with a slope. The Kalman filter
//! estimates the state; the variances are those of a grid under which the series is likeliest.

pub(super) mod bivariate;

/// What is expected of a point before it is seen, and the variance of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// Expectations for each point of `series` (missing ones too) and for `future` more.
pub(super) fn forecast(series: &[Option<f64>], future: usize, trend: bool) -> Vec<Expected> {
    likeliest(series, future, trend).map(|(_, fit)| fit.expected).unwrap_or_default()
}

/// The variance of a series' noise, and that of the steps of its level.
fn variances(series: &[Option<f64>]) -> (f64, f64) {
    likeliest(series, 0, false).map_or((0.0, 0.0), |(level, fit)| (fit.noise, fit.noise * level))
}

/// The run under whose variances the series is likeliest, and the share of noise in a step.
fn likeliest(series: &[Option<f64>], future: usize, trend: bool) -> Option<(f64, Fit)> {
    let steps: Vec<f64> = (-4..=3).map(|e| 10f64.powi(e)).collect();
    let slopes: Vec<f64> =
        if trend { (-6..=0).map(|e| 10f64.powi(e)).collect() } else { vec![0.0] };
    let mut best: Option<(f64, Fit)> = None;
    for level in steps {
        for slope in &slopes {
            let fit = filter(series, future, trend, level, *slope);
            if best.as_ref().is_none_or(|(_, b)| fit.likelihood > b.likelihood) {
                best = Some((level, fit));
            }
        }
    }
    best
}

struct Fit {
    likelihood: f64,
    noise: f64,
    expected: Vec<Expected>,
}

/// One run; variances are shares of the noise, whose own size comes out of the errors.
fn filter(series: &[Option<f64>], future: usize, trend: bool, level: f64, slope: f64) -> Fit {
    const VAGUE: f64 = 1e7;
    let known: Vec<f64> = series.iter().flatten().copied().collect();
    let start = known.first().copied().unwrap_or(0.0);
    let (mut mean, mut rise) = (start, 0.0);
    // The covariance of level and slope.
    let (mut p, mut q, mut r) = (VAGUE, 0.0, if trend { VAGUE } else { 0.0 });
    let vague_points = if trend { 2 } else { 1 };
    let (mut seen, mut used) = (0, 0.0);
    let (mut errors, mut logs) = (0.0, 0.0);
    let mut out = Vec::with_capacity(series.len() + future);
    for i in 0..series.len() + future {
        let variance = p + 1.0;
        out.push(Expected { mean, variance });
        if let Some(value) = series.get(i).copied().flatten() {
            let error = value - mean;
            seen += 1;
            if seen > vague_points {
                errors += error * error / variance;
                logs += variance.ln();
                used += 1.0;
            }
            let (gain, gain_rise) = (p / variance, q / variance);
            mean += gain * error;
            rise += gain_rise * error;
            let (p0, q0) = (p, q);
            p = p0 - gain * p0;
            q = q0 - gain * q0;
            r -= gain_rise * q0;
        }
        // One step on.
        mean += rise;
        p += 2.0 * q + r + level;
        q += r;
        r += slope;
    }
    let noise = if used > 0.0 { errors / used } else { 0.0 };
    let likelihood = match noise > 0.0 {
        true => -0.5 * (used * noise.ln() + logs),
        // A series without any error is explained best by the calmest model.
        false => f64::MAX / 2.0 - logs,
    };
    let mut before = 0;
    for (i, expected) in out.iter_mut().enumerate() {
        // Before enough is known, the filter's own start has no meaning: the point stands for it.
        let vague = before < vague_points;
        before += usize::from(series.get(i).is_some_and(Option::is_some));
        if vague {
            expected.mean = series.get(i).copied().flatten().unwrap_or(start);
            expected.variance = noise;
        } else {
            expected.variance *= noise;
        }
    }
    Fit { likelihood, noise, expected: out }
}

/// The series repeated every `period` points around a level that wanders.
pub(super) fn seasonal(series: &[Option<f64>], future: usize, period: usize) -> Vec<Expected> {
    let period = period.max(1);
    let known: Vec<f64> = series.iter().flatten().copied().collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let mut sums = vec![(0.0, 0.0); period];
    for (i, value) in series.iter().enumerate() {
        if let (Some(value), Some((sum, n))) = (value, sums.get_mut(i % period)) {
            *sum += value - mean;
            *n += 1.0;
        }
    }
    let season = |i: usize| {
        sums.get(i % period).map_or(0.0, |(sum, n)| if *n > 0.0 { sum / n } else { 0.0 })
    };
    let calm: Vec<Option<f64>> =
        series.iter().enumerate().map(|(i, v)| v.map(|v| v - season(i))).collect();
    let mut out = forecast(&calm, future, false);
    for (i, expected) in out.iter_mut().enumerate() {
        expected.mean += season(i);
    }
    out
}

/// The period after which the series is most like itself, if it is at all.
pub(super) fn period(series: &[Option<f64>]) -> Option<usize> {
    let known: Vec<f64> = series.iter().flatten().copied().collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let values: Vec<f64> = series.iter().map(|v| v.unwrap_or(mean) - mean).collect();
    let own: f64 = values.iter().map(|v| v * v).sum();
    if own <= 0.0 {
        return None;
    }
    let likeness = |lag: usize| -> f64 {
        let pairs = values.iter().zip(values.iter().skip(lag));
        let share = values.len() as f64 / (values.len() - lag).max(1) as f64;
        pairs.map(|(a, b)| a * b).sum::<f64>() / own * share
    };
    let lags: Vec<f64> = (0..=values.len() / 2).map(likeness).collect();
    let mut best: Option<(usize, f64)> = None;
    for (lag, window) in lags.windows(3).enumerate() {
        let [before, here, after] = window else { continue };
        // A peak; those of multiples are no higher but for noise.
        if *here > 0.5 && here >= before && here >= after && best.is_none_or(|b| *here > b.1 + 0.1)
        {
            best = Some((lag + 1, *here));
        }
    }
    best.map(|(lag, _)| lag).filter(|lag| *lag > 1)
}

#[cfg(test)]
mod tests {
    use super::{forecast, period, seasonal};

    #[test]
    fn a_line_goes_on() {
        let series: Vec<Option<f64>> = (0..20).map(|n| Some(2.0 * f64::from(n))).collect();
        let last = forecast(&series, 3, true).last().map(|e| e.mean);
        assert!(last.is_some_and(|m| (m - 44.0).abs() < 1e-3), "{last:?}");
    }

    #[test]
    fn a_constant_stays() {
        let series = vec![Some(5.0); 10];
        assert!(forecast(&series, 5, false).iter().all(|e| (e.mean - 5.0).abs() < 1e-9));
    }

    #[test]
    fn a_season_repeats() {
        let series: Vec<Option<f64>> = (0..40).map(|n| Some([1.0, 5.0, 9.0, 5.0][n % 4])).collect();
        assert_eq!(period(&series), Some(4));
        let next: Vec<f64> = seasonal(&series, 4, 4).iter().skip(40).map(|e| e.mean).collect();
        for (got, want) in next.iter().zip([1.0, 5.0, 9.0, 5.0]) {
            assert!((got - want).abs() < 1e-6);
        }
    }
}
