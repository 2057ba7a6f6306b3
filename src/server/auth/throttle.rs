//! How often one may try to sign in: a few times at once, then at a slow pace, counted for each account and for each address. Kept in
//! memory, in a bounded space; a restart forgives.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// `burst` attempts at once, then one more every `every_ms`. A right password gives its attempt back.
#[derive(Debug, Clone, Copy)]
struct Limit {
    burst: i64,
    every_ms: i64,
}

/// Ten mistakes are more than anybody makes; one a minute is no guessing, and lets the owner of an account that is under attack in again.
const ACCOUNT: Limit = Limit {
    burst: 10,
    every_ms: 60_000,
};
/// Many people may stand behind one address.
const ADDRESS: Limit = Limit {
    burst: 40,
    every_ms: 10_000,
};
/// Remembered keys; some 2 MB.
const MOST: usize = 50_000;

/// Who tries: an account by its normal e-mail address, whether there is one or not, from an address.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    pub email: &'a str,
    pub address: Option<IpAddr>,
}

#[derive(Debug, Default)]
pub struct Throttle(Mutex<Buckets>);

/// For each key the moment (in milliseconds) from which its whole burst is there again: the generic cell rate algorithm, which needs one
/// number a key. Keys are hashes, so that a long e-mail address takes no more room than a short one.
#[derive(Debug, Default)]
struct Buckets(HashMap<u64, i64>);

impl Throttle {
    /// Takes one attempt of the account's and one of the address's, before the password is looked at: whoever tries many at once gains
    /// nothing by it. The error is how many seconds to wait.
    pub fn admit(&self, who: Who<'_>, now: i64) -> Result<(), u64> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(who);
        let wait = keys
            .iter()
            .map(|(key, limit)| buckets.wait_ms(*key, *limit, now))
            .max();
        match wait {
            Some(wait @ 1..) => Err(wait.unsigned_abs().div_ceil(1000)),
            _ => {
                for (key, limit) in keys {
                    buckets.take(key, limit, now);
                }
                Ok(())
            }
        }
    }

    /// The password was right: the attempt does not count.
    pub fn forgive(&self, who: Who<'_>) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, limit) in keys(who) {
            buckets.give_back(key, limit);
        }
    }
}

fn keys(who: Who<'_>) -> Vec<(u64, Limit)> {
    let mut keys = vec![(hashed(("account", who.email)), ACCOUNT)];
    keys.extend(
        who.address
            .map(|address| (hashed(("address", network(address))), ADDRESS)),
    );
    keys
}

fn hashed(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// A subscriber has a whole /64 of IPv6 to choose addresses from.
fn network(address: IpAddr) -> [u16; 4] {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [4, 0, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            [a, b, c, d]
        }
    }
}

impl Buckets {
    /// How long until there is an attempt to take; 0 when there is one now.
    fn wait_ms(&self, key: u64, limit: Limit, now: i64) -> i64 {
        let full_at = self.0.get(&key).copied().unwrap_or(now).max(now);
        (full_at - now - (limit.burst - 1) * limit.every_ms).max(0)
    }

    fn take(&mut self, key: u64, limit: Limit, now: i64) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let full_at = self.0.entry(key).or_insert(now);
        *full_at = (*full_at).max(now) + limit.every_ms;
    }

    fn give_back(&mut self, key: u64, limit: Limit) {
        if let Some(full_at) = self.0.get_mut(&key) {
            *full_at -= limit.every_ms;
        }
    }

    /// Forgets who has a whole burst again, and where that is nobody, the half that has most of it.
    fn make_room(&mut self, now: i64) {
        self.0.retain(|_, full_at| *full_at > now);
        if self.0.len() >= MOST {
            let mut moments: Vec<i64> = self.0.values().copied().collect();
            let (_, middle, _) = moments.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.0.retain(|_, full_at| *full_at > middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn who<'a>(email: &'a str, address: &str) -> Who<'a> {
        Who {
            email,
            address: address.parse().ok(),
        }
    }

    #[test]
    fn an_account_has_its_burst_and_then_one_a_minute() {
        let throttle = Throttle::default();
        let (a, b) = (who("a", "192.0.2.1"), who("b", "192.0.2.1"));
        for _ in 0..10 {
            assert_eq!(throttle.admit(a, NOW), Ok(()));
        }
        assert_eq!(throttle.admit(a, NOW), Err(60));
        assert_eq!(throttle.admit(a, NOW + 59_001), Err(1));
        assert_eq!(throttle.admit(a, NOW + 60_000), Ok(()));
        assert_eq!(throttle.admit(a, NOW + 60_000), Err(60));
        assert_eq!(throttle.admit(b, NOW), Ok(()), "another account");
        let elsewhere = who("a", "198.51.100.1");
        assert!(throttle.admit(elsewhere, NOW).is_err(), "from anywhere");
    }

    #[test]
    fn an_address_is_stopped_whatever_accounts_it_tries() {
        let throttle = Throttle::default();
        let names: Vec<String> = (0..41).map(|n| format!("user{n}")).collect();
        for name in &names[..40] {
            assert_eq!(throttle.admit(who(name, "2001:db8::1"), NOW), Ok(()));
        }
        let neighbour = who(&names[40], "2001:db8::ffff");
        assert_eq!(throttle.admit(neighbour, NOW), Err(10), "of the same /64");
        assert_eq!(throttle.admit(who(&names[40], "2001:db9::1"), NOW), Ok(()));
    }

    #[test]
    fn a_refused_attempt_costs_nothing_and_a_right_password_neither() {
        let throttle = Throttle::default();
        let a = who("a", "192.0.2.1");
        for _ in 0..100 {
            assert_eq!(throttle.admit(a, NOW), Ok(()));
            throttle.forgive(a);
        }
        for _ in 0..10 {
            assert_eq!(throttle.admit(a, NOW), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(throttle.admit(a, NOW), Err(60));
        }
    }

    #[test]
    fn a_flood_of_names_takes_a_bounded_space_and_frees_nobody_who_was_stopped() {
        let throttle = Throttle::default();
        let a = Who {
            email: "a",
            address: None,
        };
        for _ in 0..10 {
            assert_eq!(throttle.admit(a, NOW), Ok(()));
        }
        for n in 0..2 * MOST {
            let name = format!("user{n}");
            let email = name.as_str();
            let _ = throttle.admit(
                Who {
                    email,
                    address: None,
                },
                NOW,
            );
        }
        assert!(throttle.0.lock().expect("no panic").0.len() <= MOST);
        assert!(throttle.admit(a, NOW).is_err());
    }
}
