//! Ranges of IP addresses, as allow lists name them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address range in CIDR form: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRangeError {
    /// No address.
    #[error("`{0}` is no address, write one as 192.0.2.7 or a range as 192.0.2.0/24")]
    Address(String),
    /// The prefix is no number the address has bits for.
    #[error("`{0}` has a prefix that its address has no bits for")]
    Prefix(String),
    /// The base lies inside the range, not at its start: one of the two numbers is a slip.
    #[error("`{0}` does not begin at its base: set the bits behind the prefix to 0")]
    Base(String),
}

impl AddressRange {
    /// Whether `address` lies in it; an IPv4 address inside IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(asked)) => {
                (base.to_bits() ^ asked.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(asked)) => {
                (base.to_bits() ^ asked.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let base: IpAddr = address.parse().map_err(|_| AddressRangeError::Address(text.to_owned()))?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|p| *p <= bits)
                .ok_or_else(|| AddressRangeError::Prefix(text.to_owned()))?,
        };
        let behind = match base {
            IpAddr::V4(base) => u128::from(base.to_bits().checked_shl(prefix.into()).unwrap_or(0)),
            IpAddr::V6(base) => base.to_bits().checked_shl(prefix.into()).unwrap_or(0),
        };
        if behind != 0 {
            return Err(AddressRangeError::Base(text.to_owned()));
        }
        Ok(Self { base, prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// Whether a list, empty for anybody, lets `address` in.
pub(crate) fn allows(list: &[AddressRange], address: IpAddr) -> bool {
    list.is_empty() || list.iter().any(|range| range.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_contains_from_its_first_to_its_last_address() {
        let table = [
            ("10.0.0.0/8", "10.0.0.0", true),
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "9.255.255.255", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::/0", "2001:db8::1", true),
        ];
        for (text, address, expected) in table {
            assert_eq!(range(text).contains(address.parse().unwrap()), expected, "{address} in {text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0", "host", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.1/8", "::1/64", "10.0.0.0/-1"]
        {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_list_lets_anybody_in() {
        let anybody = "198.51.100.1".parse().unwrap();
        assert!(allows(&[], anybody));
        assert!(!allows(&[range("10.0.0.0/8")], anybody));
    }
}
