//! Where a webhook may be. A user names the address and this node calls it: without a rule, anybody with a login could have
//! it call what only the node can reach.

use crate::network::Network;
use axum::http::Uri;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Longest URL.
const URL_BYTES_MAX: usize = 500;

/// Networks that are not the public internet (the IANA special-purpose registries), and forms of IPv6 that carry an IPv4
/// address. Of IPv6 only 2000::/3 is in use for the public at all.
const SPECIAL: [&str; 19] = [
    "0.0.0.0/8",       // this network
    "10.0.0.0/8",      // private
    "100.64.0.0/10",   // carrier-grade NAT
    "127.0.0.0/8",     // loopback
    "169.254.0.0/16",  // link-local
    "172.16.0.0/12",   // private
    "192.0.0.0/24",    // protocol assignments
    "192.0.2.0/24",    // documentation
    "192.88.99.0/24",  // 6to4 relays
    "192.168.0.0/16",  // private
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/4",     // multicast
    "240.0.0.0/4",     // reserved, broadcast
    "2001::/23",       // protocol assignments, Teredo
    "2001:db8::/32",   // documentation
    "2002::/16",       // 6to4
    "3fff::/20",       // documentation
];

/// IPv6 that is in use for the public.
const PUBLIC_V6: &str = "2000::/3";

static PLACES: LazyLock<(Vec<Network>, Network)> = LazyLock::new(|| {
    let network = |text| Network::parse(text).expect("a network");
    (SPECIAL.into_iter().map(network).collect(), network(PUBLIC_V6))
});

/// How far deliveries may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reach {
    /// To addresses of the public internet, over TLS.
    #[default]
    Public,
    /// To any address; in clear to private ones only.
    Private,
}

/// A place to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl Target {
    /// Host (RFC 9110 section 7.2), with the port when it is not the usual one.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl Reach {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none, or leads where nothing may go; in words.
    pub(crate) fn target(self, url: &str) -> Result<Target, String> {
        let fault = |what: &str| Err(what.to_owned());
        if url.len() > URL_BYTES_MAX {
            return Err(format!("at most {URL_BYTES_MAX} bytes"));
        }
        if !url.bytes().all(|b| (0x21..=0x7e).contains(&b)) || url.contains('#') {
            return fault("must be an absolute URL in printable ASCII without a fragment");
        }
        let Ok(uri) = url.parse::<Uri>() else { return fault("must be an absolute URL") };
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self == Self::Private => false,
            _ => return fault("must begin with https://"),
        };
        let Some(authority) = uri.authority() else { return fault("must name a host") };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return fault(
                "must carry no user, password or query: it stands in the audit trail, and deliveries are signed",
            );
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // A port that is no number of 16 bits is not one the parser tells of.
        let says_port = authority.as_str().len() > authority.host().len();
        let port = match authority.port_u16() {
            None if !says_port => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(port @ 1..) => port,
            _ => return fault("must name a port from 1 to 65535, or none"),
        };
        if host.is_empty() {
            return fault("must name a host");
        }
        let target = Target { tls, host, port, path: uri.path().to_owned() };
        match target.host.parse::<IpAddr>() {
            Ok(address) if !self.allows(&target, address) => fault("leads where deliveries may not go"),
            _ => Ok(target),
        }
    }

    /// Whether `target` may be called at one of its host's addresses.
    pub(super) fn allows(self, target: &Target, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Private => target.tls || !is_public(address),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    let (special, public_v6) = &*PLACES;
    let in_use = address.to_canonical().is_ipv4() || public_v6.contains(address);
    in_use && !special.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_and_what_is_not() {
        let public = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"];
        let special = [
            "0.0.0.0",
            "10.255.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in special {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_url_ladder() {
        let public = |url: &str| Reach::Public.target(url).map(|target| target.authority());
        assert_eq!(public("https://hooks.example/in").as_deref(), Ok("hooks.example"));
        assert_eq!(public("https://hooks.example:8443/in").as_deref(), Ok("hooks.example:8443"));
        assert_eq!(public("https://[2606:4700::1111]/").as_deref(), Ok("[2606:4700::1111]"));
        for bad in [
            "",
            "/in",
            "hooks.example",
            "https://",
            "https:///in",
            "ftp://hooks.example/",
            "http://hooks.example/",
            "https://me:pw@hooks.example/",
            "https://hooks.example/?token=1",
            "https://hooks.example/#a",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://hooks.example:0/",
            "https://hooks.example:99999/",
            "https://hooks.exämple/",
            "https://a b/",
        ] {
            assert!(public(bad).is_err(), "{bad}");
        }
        assert!(public(&format!("https://hooks.example/{}", "x".repeat(500))).is_err());
        let private = |url: &str| Reach::Private.target(url).map(|target| target.authority());
        assert_eq!(private("http://127.0.0.1:8081/in").as_deref(), Ok("127.0.0.1:8081"));
        assert_eq!(private("http://hooks.internal/").as_deref(), Ok("hooks.internal"));
        assert!(private("http://1.1.1.1/").is_err(), "in clear to the public internet");
    }

    #[test]
    fn a_name_is_judged_by_its_addresses() {
        let target = Reach::Public.target("https://hooks.example/").unwrap();
        assert!(!Reach::Public.allows(&target, "10.0.0.1".parse().unwrap()));
        assert!(Reach::Public.allows(&target, "1.1.1.1".parse().unwrap()));
        let clear = Reach::Private.target("http://hooks.example/").unwrap();
        assert!(Reach::Private.allows(&clear, "10.0.0.1".parse().unwrap()));
        assert!(!Reach::Private.allows(&clear, "1.1.1.1".parse().unwrap()));
    }
}
