//! How busy the machine is: its load average, and the time that a hypervisor kept from its cores.

use std::fmt::Write as _;

use super::{known, text};

/// Two words of the machine's state at one time.
#[derive(Debug, Default)]
pub struct Load {
    average: Option<String>,
    ticks: Option<Ticks>,
}

/// Ticks of the usable cores since the start of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

impl Load {
    /// Asks the system, of these cores.
    #[must_use]
    pub fn read(cores: &[usize]) -> Self {
        Self { average: text("/proc/loadavg"), ticks: text("/proc/stat").and_then(|stat| ticks(&stat, cores)) }
    }

    /// The average of one, five and fifteen minutes.
    #[must_use]
    pub fn average(&self) -> String {
        let numbers = self.average.as_ref().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" "));
        known(numbers)
    }

    /// Hundredths of threads that wanted to run in the last minute.
    #[must_use]
    pub fn last_minute_hundredths(&self) -> Option<u64> {
        let (whole, hundredths) = self.average.as_ref()?.split(' ').next()?.split_once('.')?;
        Some(whole.parse::<u64>().ok()? * 100 + hundredths.parse::<u64>().ok()?)
    }

    /// The thousandths of the cores' time that was stolen since an earlier reading.
    #[must_use]
    pub fn stolen_per_mille_since(&self, before: &Self) -> Option<u64> {
        let (after, before) = (self.ticks?, before.ticks?);
        // Less than a thousandth is not nothing.
        Some((after.stolen.saturating_sub(before.stolen) * 1_000).div_ceil(after.all.saturating_sub(before.all).max(1)))
    }

    /// The same in words.
    #[must_use]
    pub fn stolen_since(&self, before: &Self) -> String {
        let stolen = self.stolen_per_mille_since(before).map(|per_mille| {
            let mut said = format!("{}.{}% of the usable cores' time during the run", per_mille / 10, per_mille % 10);
            if per_mille == 1 {
                // Writing into a String does not fail.
                let _ = write!(said, " or less");
            }
            said
        });
        known(stolen)
    }
}

/// Adds up the lines `cpuN user nice system idle iowait irq softirq steal …`.
fn ticks(stat: &str, cores: &[usize]) -> Option<Ticks> {
    let mut sum = Ticks::default();
    for core in cores {
        let mut words = stat.lines().find_map(|line| line.strip_prefix(&format!("cpu{core} ")))?.split_whitespace();
        let numbers: Vec<u64> = words.by_ref().take(8).map_while(|word| word.parse().ok()).collect();
        sum.all += numbers.iter().sum::<u64>();
        sum.stolen += numbers.get(7)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str =
        "cpu  9 9\ncpu0 1 2 3 4 5 6 7 8 100 100\ncpu1 10 0 0 0 0 0 0 20 0 0\ncpu10 1 1 1 1 1 1 1 1 0 0\n";

    #[test]
    fn ticks_are_those_of_the_usable_cores() {
        assert_eq!(ticks(STAT, &[0, 1]), Some(Ticks { all: 66, stolen: 28 }));
        assert_eq!(ticks(STAT, &[2]), None);
    }

    #[test]
    fn stolen_time_is_that_of_the_run() {
        let at = |all, stolen| Load {
            average: Some("0.50 1.25 2.00 1/100 7".to_owned()),
            ticks: Some(Ticks { all, stolen }),
        };
        let before = at(1_000, 10);
        assert_eq!(at(2_000, 10).stolen_per_mille_since(&before), Some(0));
        assert_eq!(at(3_000, 31).stolen_since(&before), "1.1% of the usable cores' time during the run");
        assert_eq!(at(9_000, 11).stolen_since(&before), "0.1% of the usable cores' time during the run or less");
        assert_eq!((before.average().as_str(), before.last_minute_hundredths()), ("0.50 1.25 2.00", Some(50)));
        assert_eq!(Load::default().stolen_since(&before), "not readable");
    }
}
