//! Networks of addresses, as `192.0.2.0/24` or a single address.

use std::net::IpAddr;

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `address` or `address/bits`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be an address, or a network as 192.0.2.0/24";
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().map_err(|_| FORM)?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(widest), |b| b.parse().map_err(|_| FORM))?;
        if bits > widest {
            return Err(FORM);
        }
        Ok(Self { address, bits })
    }

    /// Whether an address is in it. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(a)) => {
                same(u128::from(net.to_bits()), u128::from(a.to_bits()), 32, self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(a)) => same(net.to_bits(), a.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

fn same(a: u128, b: u128, width: u32, bits: u8) -> bool {
    let shift = width - u32::from(bits);
    a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_ladder() {
        let within =
            |net: &str, address: &str| Network::parse(net).unwrap().contains(address.parse().unwrap());
        assert!(within("192.0.2.0/24", "192.0.2.255"));
        assert!(!within("192.0.2.0/24", "192.0.3.0"));
        assert!(within("0.0.0.0/0", "203.0.113.9"));
        assert!(within("::/0", "2001:db8::1"));
        assert!(within("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(!within("192.0.2.7", "192.0.2.8"));
        assert!(within("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!within("2001:db8::/32", "2001:db9::1"));
        for bad in ["", "x", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2/24"] {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
    }
}
