//! Limits that count requests in windows of fixed length.
//!
//! Source: the server's source: its settings of rack-attack, whose windows follow the clock, and `rate_limit` in its
//! controllers.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// The throttle in front of the whole service, by address. Its windows begin with full minutes and seconds.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    minutes: Windows,
    seconds: Windows,
}

#[derive(Debug, Default)]
struct Windows {
    /// The number of the window that is being counted.
    current: u64,
    counts: HashMap<IpAddr, u32>,
}

impl Windows {
    /// Counts a request. If the address has used the window up, returns how many seconds the window still lasts.
    fn count(&mut self, ip: IpAddr, unix: u64, period: u64, limit: u32) -> Option<u64> {
        let window = unix / period;
        if self.current != window {
            self.current = window;
            self.counts.clear();
        }
        let count = self.counts.entry(ip).or_default();
        *count = count.saturating_add(1);
        (*count > limit).then(|| period - unix % period)
    }
}

impl Throttle {
    /// Admits a request, or returns how many seconds to wait.
    pub(crate) fn admit(&mut self, ip: IpAddr, unix: u64) -> Result<(), u64> {
        let minute = self.minutes.count(ip, unix, 60, 120);
        let wait = minute.or_else(|| self.seconds.count(ip, unix, 1, 60));
        wait.map_or(Ok(()), Err)
    }
}

/// A limit of five a minute. The minute begins with the first.
#[derive(Debug, Default)]
pub(crate) struct FiveAMinute(HashMap<String, (Duration, u32)>);

impl FiveAMinute {
    pub(crate) fn admit(&mut self, key: &str, now: Duration) -> bool {
        let is_over = |began: Duration| now.saturating_sub(began) >= Duration::from_secs(60);
        if self.0.len() >= 10_000 {
            self.0.retain(|_, (began, _)| !is_over(*began));
        }
        let (began, count) = self.0.entry(key.to_owned()).or_insert((now, 0));
        if is_over(*began) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= 5
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

    #[test]
    fn the_sixty_first_request_of_a_second_waits_for_the_next() {
        let mut throttle = Throttle::default();
        for _ in 0..60 {
            assert_eq!(throttle.admit(HERE, 600), Ok(()));
        }
        assert_eq!(throttle.admit(HERE, 600), Err(1));
        assert_eq!(throttle.admit(THERE, 600), Ok(()));
        assert_eq!(throttle.admit(HERE, 601), Ok(()));
    }
}
