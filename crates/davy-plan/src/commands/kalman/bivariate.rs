//! Two series whose levels wander together: a Kalman filter over both. Each has the variances under
//! which it is likeliest by itself; how far the steps of one go with those of the other gives the
//! covariance of the levels.

use super::{Expected, variances};

/// A symmetric matrix of two rows: `[[a, b], [b, d]]`.
#[derive(Debug, Clone, Copy)]
struct Pair {
    a: f64,
    b: f64,
    d: f64,
}

impl Pair {
    fn plus(self, other: Pair) -> Pair {
        Pair { a: self.a + other.a, b: self.b + other.b, d: self.d + other.d }
    }

    /// Two variances that go together to this degree.
    fn of(a: f64, d: f64, together: f64) -> Pair {
        Pair { a, b: together * (a * d).sqrt(), d }
    }
}

struct Model {
    /// The covariance of the steps of the levels, and that of the noise around them.
    steps: Pair,
    noise: Pair,
    level: [f64; 2],
}

/// Where the levels are thought to be.
#[derive(Clone, Copy)]
struct State {
    x: f64,
    y: f64,
    p: Pair,
}

impl Model {
    fn of(first: &[Option<f64>], second: &[Option<f64>]) -> Model {
        let [(noise_a, step_a), (noise_b, step_b)] = [variances(first), variances(second)];
        // With 1 the two would be one series, and the filter would divide by nothing.
        let together = correlation(&steps(first), &steps(second)).clamp(-0.9999, 0.9999);
        let start = |s: &[Option<f64>]| s.iter().flatten().next().copied().unwrap_or(0.0);
        Model {
            steps: Pair::of(step_a, step_b, together),
            noise: Pair::of(noise_a, noise_b, together),
            level: [start(first), start(second)],
        }
    }

    /// Expectations of both series for `rows` points. `by`: the second series is seen before the
    /// first one is expected.
    fn run(
        &self,
        first: &[Option<f64>],
        second: &[Option<f64>],
        rows: usize,
        by: bool,
    ) -> [Vec<Expected>; 2] {
        let [x, y] = self.level;
        let mut state = State { x, y, p: self.noise };
        let mut out = [Vec::with_capacity(rows), Vec::with_capacity(rows)];
        for i in 0..rows {
            let seen = |series: &[Option<f64>]| series.get(i).copied().flatten();
            let total = state.p.plus(self.noise);
            let across = if total.d > 0.0 { total.b / total.d } else { 0.0 };
            let expected_x = match seen(second).filter(|_| by) {
                Some(value) => Expected {
                    mean: state.x + across * (value - state.y),
                    variance: (total.a - across * total.b).max(0.0),
                },
                None => Expected { mean: state.x, variance: total.a },
            };
            out[0].push(expected_x);
            out[1].push(Expected { mean: state.y, variance: total.d });
            state = see(state, total, seen(first), seen(second));
            state.p = state.p.plus(self.steps);
        }
        out
    }
}

/// The state after what was seen of either series; `total` is the covariance of what is expected
/// to be seen.
fn see(state: State, total: Pair, first: Option<f64>, second: Option<f64>) -> State {
    let State { x, y, p } = state;
    let determinant = total.a * total.d - total.b * total.b;
    // The gains: of x by the first and by the second, then of y.
    let [xa, xd, ya, yd] = match (first, second) {
        (Some(_), Some(_)) if determinant > 0.0 => [
            (p.a * total.d - p.b * total.b) / determinant,
            (p.b * total.a - p.a * total.b) / determinant,
            (p.b * total.d - p.d * total.b) / determinant,
            (p.d * total.a - p.b * total.b) / determinant,
        ],
        (Some(_), _) if total.a > 0.0 => [p.a / total.a, 0.0, p.b / total.a, 0.0],
        (None, Some(_)) if total.d > 0.0 => [0.0, p.b / total.d, 0.0, p.d / total.d],
        _ => [0.0; 4],
    };
    let (da, dd) = (first.map_or(0.0, |v| v - x), second.map_or(0.0, |v| v - y));
    State {
        x: x + xa * da + xd * dd,
        y: y + ya * da + yd * dd,
        p: Pair {
            a: p.a - xa * p.a - xd * p.b,
            b: p.b - xa * p.b - xd * p.d,
            d: p.d - ya * p.b - yd * p.d,
        },
    }
}

/// The first series by the second, which may be known further.
pub(in crate::commands) fn by(
    series: &[Option<f64>],
    other: &[Option<f64>],
    rows: usize,
) -> Vec<Expected> {
    let [first, _] = Model::of(series, other).run(series, other, rows, true);
    first
}

/// Both series by what came before in both.
pub(in crate::commands) fn pair(
    first: &[Option<f64>],
    second: &[Option<f64>],
    rows: usize,
) -> [Vec<Expected>; 2] {
    Model::of(first, second).run(first, second, rows, false)
}

/// From each point to the next; nothing where either is missing.
fn steps(series: &[Option<f64>]) -> Vec<Option<f64>> {
    series
        .windows(2)
        .map(|pair| match pair {
            [Some(a), Some(b)] => Some(b - a),
            _ => None,
        })
        .collect()
}

fn correlation(a: &[Option<f64>], b: &[Option<f64>]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    let n = pairs.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (ma, mb) = (mean(|p| p.0), mean(|p| p.1));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in &pairs {
        aa += (a - ma) * (a - ma);
        bb += (b - mb) * (b - mb);
        ab += (a - ma) * (b - mb);
    }
    if aa > 0.0 && bb > 0.0 { (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{by, pair};

    fn wandering(n: usize) -> Vec<Option<f64>> {
        let mut level = 10.0;
        (0..n)
            .map(|i| {
                level += [3.0, -1.0, 2.0, -4.0, 5.0, -2.0, 1.0][i % 7];
                Some(level)
            })
            .collect()
    }

    #[test]
    fn a_series_follows_the_one_that_it_goes_with() {
        let other = wandering(40);
        let series: Vec<Option<f64>> = other.iter().take(34).map(|v| v.map(|v| 2.0 * v)).collect();
        let expected = by(&series, &other, 40);
        for (expected, other) in expected.iter().zip(&other).skip(34) {
            let want = 2.0 * other.unwrap_or(0.0);
            assert!((expected.mean - want).abs() < 1.0, "{} for {want}", expected.mean);
        }
    }

    #[test]
    fn two_constants_stay() {
        let [a, b] = pair(&[Some(5.0); 10], &[Some(7.0); 10], 13);
        assert!(a.iter().all(|e| e.mean == 5.0) && b.iter().all(|e| e.mean == 7.0));
        assert_eq!(a.len(), 13);
    }
}
