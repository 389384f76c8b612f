//! Classifies hosts by what network they are on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::uri::Authority;

/// The network that a host is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine, in any notation.
    ThisMachine,
    /// A private network: a private address or a name that only such networks use.
    Private,
    /// Never allowed for files: link-local and multicast addresses, and cloud metadata services.
    Local,
    /// Everything else.
    Public,
}

impl Reach {
    /// Classifies the name or address in a URL.
    pub(crate) fn of(host: &str) -> Self {
        if let Some(address) = address(host) {
            return Self::of_address(address);
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let ends = |end: &str| name == end || name.ends_with(&format!(".{end}"));
        let names = |known: &[&str]| known.iter().any(|end| ends(end));
        if names(&["localhost", "localhost.localdomain"]) {
            Self::ThisMachine
        } else if names(&["metadata.google.internal", "metadata.goog"]) {
            Self::Local
        } else if !name.contains('.') || names(&PRIVATE_NAMES) {
            Self::Private
        } else {
            Self::Public
        }
    }

    pub(crate) fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => match embedded(address) {
                Some(address) => Self::of_v4(address),
                None => Self::of_v6(address),
            },
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        // The metadata addresses of Azure, Alibaba and Oracle; most others use a link-local address.
        const CLOUDS: [[u8; 4]; 3] = [[168, 63, 129, 16], [100, 100, 100, 200], [192, 0, 0, 192]];
        match address.octets() {
            [0 | 127, ..] => Self::ThisMachine,
            octets if CLOUDS.contains(&octets) => Self::Local,
            [169, 254, ..] | [224..=255, ..] => Self::Local,
            [10, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [100, 64..=127, ..]
            | [192, 0, 0, _]
            | [198, 18..=19, ..] => Self::Private,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0..=1] => Self::ThisMachine,
            // The metadata addresses of Amazon and Google.
            [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
                Self::Local
            }
            [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Self::Local,
            [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Self::Private,
            _ => Self::Public,
        }
    }
}

/// Name suffixes that have a meaning in private networks only.
const PRIVATE_NAMES: [&str; 9] = [
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "private",
];

/// The IPv4 address embedded in an IPv6 address: mapped, compatible, NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] if (high, low) > (0, 1) => (high, low),
        [0, 0, 0, 0, 0, 0xffff, high, low] => (high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// Whether the host is this machine, in one of the forms for which plain `http` is allowed.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || address(host).is_some_and(|address| address.is_loopback())
}

/// Whether two host names are equal, apart from case and a trailing dot.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let bare = |host| str::strip_suffix(host, '.').unwrap_or(host);
    bare(one).eq_ignore_ascii_case(bare(other))
}

/// Checks host and port, because URL parsers accept many that cannot be connected to.
///
/// # Errors
/// A text that says what is wrong and what to write.
pub(crate) fn check(authority: &Authority) -> Result<(), &'static str> {
    let host = authority.host();
    let port = authority
        .as_str()
        .rsplit_once('@')
        .map_or(authority.as_str(), |(_, rest)| rest)
        .strip_prefix(host)
        .and_then(|rest| rest.strip_prefix(':'));
    if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
        return Err("its port is not a number from 1 to 65535");
    }
    if host.starts_with('[') {
        return match address(host) {
            Some(_) => Ok(()),
            None => {
                Err("what stands in brackets is not an IPv6 address; write it like `[2001:db8::1]`")
            }
        };
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut labels = name.split('.');
    if labels.clone().any(str::is_empty) {
        return Err("its host has dots with nothing between them");
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.bytes().all(known) {
        return Err(
            "its host has a character that no host name has; letters, digits, `-`, `_` and dots are fine",
        );
    }
    if name.len() > 253 || labels.clone().any(|label| label.len() > 63) {
        return Err("its host is too long: 63 characters between dots and 253 in all can be found");
    }
    let number = |label: &str| {
        let hex = label.strip_prefix("0x").or(label.strip_prefix("0X"));
        match hex {
            Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => label.bytes().all(|byte| byte.is_ascii_digit()),
        }
    };
    if labels.next_back().is_some_and(number) && address(name).is_none() {
        return Err("its host ends in a number but is no IPv4 address; write it like `192.0.2.1`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_this_machine_and_of_private_networks_is_known() {
        for (reach, hosts) in [
            (
                Reach::ThisMachine,
                "localhost LOCALHOST localhost. a.localhost a.b.localhost. localhost.localdomain 127.0.0.1 127.8.9.1 \
                 0.0.0.0 0.1.2.3 [::1] [::] [::ffff:127.0.0.1] [::ffff:0.0.0.0] [::ffff:0.0.0.1] [::127.0.0.1] \
                 [64:ff9b::127.0.0.1] [2002:7f00:1::]",
            ),
            (
                Reach::Private,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 192.0.0.1 198.18.0.1 \
                 198.19.0.1 [fc00::1] [fdff::1] [fec0::1] [::ffff:10.0.0.1] [64:ff9b::10.0.0.1] [64:ff9b:1::1] \
                 [2002:c0a8:101::1] intranet server.local nas.LAN. files.corp a.home.arpa x.internal",
            ),
            (
                Reach::Local,
                "169.254.169.254 169.254.0.1 168.63.129.16 100.100.100.200 192.0.0.192 224.0.0.1 239.1.1.1 240.0.0.1 \
                 255.255.255.255 [fe80::1] [febf::1] [ff02::1] [fd00:ec2::254] [fd20:ce::254] \
                 [::ffff:169.254.169.254] [::169.254.169.254] metadata.google.internal Metadata.Google.Internal. \
                 metadata.goog",
            ),
            (
                Reach::Public,
                "example.com localhost.example.com notlocalhost.com mylocal.test 126.255.255.255 128.0.0.1 \
                 11.0.0.1 172.15.0.1 172.32.0.1 192.167.0.1 192.169.0.1 100.63.0.1 100.128.0.1 198.17.0.1 198.20.0.1 \
                 169.253.0.1 223.255.255.255 192.0.1.1 [2001:db8::1] [2606:4700::1111] [::ffff:1.1.1.1] \
                 [64:ff9b::1.1.1.1] [fbff::1] 1.1.1.1",
            ),
        ] {
            for host in hosts.split_whitespace() {
                assert_eq!(Reach::of(host), reach, "{host}");
            }
        }
    }

    #[test]
    fn hosts_are_the_same_however_they_are_written() {
        assert!(is_same("a.test", "A.test.") && is_same("a.test.", "a.test"));
        assert!(!is_same("a.test", "b.test") && !is_same("a.test..", "a.test"));
    }
}
