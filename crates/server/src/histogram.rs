//! Durations by classes, as Prometheus counts them.
//!
//! Entry point: [`Histogram`].

use std::fmt::Write as _;

/// How many durations were within each class.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    /// Upper ends of the classes, in seconds, rising.
    ends: &'static [f64],
    /// Durations up to each end.
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    /// An empty one with these upper ends, in seconds.
    pub(crate) fn new(ends: &'static [f64]) -> Self {
        Self { ends, counts: vec![0; ends.len()], count: 0, sum: 0.0 }
    }

    /// Counts a duration.
    pub(crate) fn add(&mut self, seconds: f64) {
        self.count += 1;
        self.sum += seconds;
        let within = self.counts.iter_mut().zip(self.ends).filter(|(_, end)| seconds <= **end);
        within.for_each(|(count, _)| *count += 1);
    }

    /// How many durations there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Writes its lines; `labels` such as `result="success"`.
    pub(crate) fn show(&self, out: &mut String, name: &str, labels: &str) {
        for (count, end) in self.counts.iter().zip(self.ends) {
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{end}\"}} {count}");
        }
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(out, "{name}_sum{{{labels}}} {}", self.sum);
        let _ = writeln!(out, "{name}_count{{{labels}}} {}", self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_all_that_is_shorter() {
        let mut histogram = Histogram::new(&[0.001, 0.1]);
        [0.0005, 0.001, 0.05, 3.0].into_iter().for_each(|seconds| histogram.add(seconds));
        let mut out = String::new();
        histogram.show(&mut out, "x", "a=\"b\"");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines,
            [
                "x_bucket{a=\"b\",le=\"0.001\"} 2",
                "x_bucket{a=\"b\",le=\"0.1\"} 3",
                "x_bucket{a=\"b\",le=\"+Inf\"} 4",
                "x_sum{a=\"b\"} 3.0515",
                "x_count{a=\"b\"} 4",
            ]
        );
    }
}
