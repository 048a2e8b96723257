//! The address of a caller behind trusted proxies (`X-Forwarded-For`, and `Forwarded` of RFC 7239).
//!
//! A proxy appends the address from which a request came to it. What stands before that is what its caller sent, so fields are read
//! from the right, and only as far as proxies are trusted.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are trusted, and the field in which they say from where a request came.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    networks: Vec<IpNet>,
    /// The only field that is read, if it is known.
    field: Option<HeaderName>,
}

/// The length of what all IPv6 addresses have in common that are IPv4 addresses (RFC 4291 §2.5.5.2).
const MAPPED: u8 = 96;

/// The address or network that a text names. Where it is an IPv4 one written as IPv6, it is the IPv4 one.
///
/// # Errors
/// What is wrong with it.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    const WRONG: &str = "is no address or network, such as 10.0.0.0/8 or 2001:db8::1";
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| WRONG)?,
    };
    let network = match network.addr().to_canonical() {
        // A shorter one has all IPv4 addresses.
        address @ IpAddr::V4(_) if network.addr().is_ipv6() => {
            IpNet::new(address, network.prefix_len().saturating_sub(MAPPED)).map_err(|_| WRONG)?
        }
        _ => network,
    };
    if network.prefix_len() == 0 {
        Err("has every address, so that every caller could name another")
    } else {
        Ok(network)
    }
}

impl Proxies {
    pub(super) fn new(networks: impl IntoIterator<Item = IpNet>, field: Option<HeaderName>) -> Self {
        Self { networks: networks.into_iter().collect(), field }
    }

    /// The address of the caller whose request came from a peer: that of the peer, unless it is a trusted proxy and says
    /// another one. If it is not known in which field it does, and both are there, its caller may have sent one of them, so they
    /// have to agree.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        if let Some(field) = &self.field {
            return self.said(peer, headers, field).unwrap_or(peer);
        }
        match [&X_FORWARDED_FOR, &FORWARDED].map(|field| self.said(peer, headers, field)) {
            [Some(one), Some(other)] if one != other => peer,
            [Some(one), _] | [None, Some(one)] => one,
            [None, None] => peer,
        }
    }

    /// The address of the caller that a field says, if it is there. All but `Forwarded` are lists of addresses.
    fn said(&self, peer: IpAddr, headers: &HeaderMap, field: &HeaderName) -> Option<IpAddr> {
        headers.contains_key(field).then_some(())?;
        // Lines and items from the last one to the first one.
        let lines = headers.get_all(field).iter().map(|value| value.to_str().ok()).rev();
        Some(if field == FORWARDED {
            let nodes = lines.flat_map(|line| {
                let nodes = line.and_then(nodes).unwrap_or_else(|| vec![None]);
                nodes.into_iter().rev().map(|node| node.as_deref().and_then(address))
            });
            self.last_untrusted(peer, nodes)
        } else {
            let items = lines.flat_map(|line| line.unwrap_or_default().rsplit(','));
            self.last_untrusted(peer, items.map(|item| address(item.trim())))
        })
    }

    /// The first address of a list that is not trusted, or the last one before something else than an address.
    fn last_untrusted(&self, peer: IpAddr, addresses: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut last = peer;
        for address in addresses.map_while(|address| address) {
            last = address;
            if !self.trusts(address) {
                break;
            }
        }
        last
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let plain = || text.parse::<IpAddr>().ok();
    let in_brackets = || Some(text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into());
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain().or_else(in_brackets).or_else(with_port).map(|address| address.to_canonical())
}

/// The `for` of each element of a `Forwarded` field (RFC 7239 §4), in order; `None` if it is not one. There is no element that is
/// left out: each is a proxy.
fn nodes(line: &str) -> Option<Vec<Option<String>>> {
    let (mut nodes, mut node, mut rest) = (Vec::new(), None, line);
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if !rest.starts_with([',', ';']) && !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            let (value, after) = value(after)?;
            rest = after.trim_start_matches([' ', '\t']);
            if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
                return None;
            }
        }
        match rest.chars().next() {
            Some(';') => {}
            Some(',') => nodes.push(node.take()),
            Some(_) => return None,
            None => {
                nodes.push(node);
                return Some(nodes);
            }
        }
        rest = rest.get(1..)?;
    }
}

/// A token or a quoted string at the start of a text, and the rest (RFC 9110 §5.6).
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end)?;
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn proxies() -> Proxies {
        Proxies::new(["10.0.0.0/8", "2001:db8:1::/48"].map(|text| network(text).expect("a network")), None)
    }

    fn caller(peer: &str, fields: &[(&HeaderName, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        proxies().caller(ip(peer), &headers).to_string()
    }

    #[test]
    fn callers_are_the_last_address_that_is_no_trusted_proxy() {
        let (x, f) = (&X_FORWARDED_FOR, &FORWARDED);
        for (peer, fields, expected) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &[(x, "192.0.2.1")], "192.0.2.1"),
            ("::ffff:10.0.0.1", &[(x, "192.0.2.1")], "192.0.2.1"),
            ("192.0.2.9", &[(x, "192.0.2.1"), (f, "for=192.0.2.1")], "192.0.2.9"),
            ("::ffff:192.0.2.9", &[(x, "192.0.2.1")], "192.0.2.9"),
            ("10.0.0.1", &[(x, "6.6.6.6, 192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(x, "6.6.6.6"), (x, "192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("10.0.0.1", &[(x, "10.0.0.3,10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(x, "6.6.6.6, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(x, "6.6.6.6,")], "10.0.0.1"),
            ("10.0.0.1", &[(x, "")], "10.0.0.1"),
            ("10.0.0.1", &[(x, "6.6.6.6, \u{e9}")], "10.0.0.1"),
            ("10.0.0.1", &[(x, "2001:db8::7")], "2001:db8::7"),
            ("2001:db8:1::1", &[(x, "[2001:db8::7]:443")], "2001:db8::7"),
            ("10.0.0.1", &[(x, "192.0.2.1:5000")], "192.0.2.1"),
            ("10.0.0.1", &[(x, "::ffff:192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(f, "for=192.0.2.1;proto=https;by=10.0.0.1")], "192.0.2.1"),
            ("10.0.0.1", &[(f, "FOR=\"[2001:db8::7]:4711\"")], "2001:db8::7"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, for=192.0.2.1, for=10.0.0.2")], "192.0.2.1"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, for=_hidden, for=10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, proto=http")], "10.0.0.1"),
            ("10.0.0.1", &[(f, "for=6.6.6.6;for=7.7.7.7")], "10.0.0.1"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, x=\""), (f, "for=192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, x=\", for=192.0.2.1")], "10.0.0.1"),
            ("10.0.0.1", &[(f, "for=6.6.6.6, x=\"\\, for=\"[2001:db8::7]\"")], "10.0.0.1"),
            ("10.0.0.1", &[(f, "for = 6.6.6.6")], "10.0.0.1"),
            ("10.0.0.1", &[(x, "192.0.2.1"), (f, "for=192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", &[(x, "192.0.2.1"), (f, "for=6.6.6.6")], "10.0.0.1"),
            ("10.0.0.1", &[(x, "6.6.6.6"), (f, "for=192.0.2.1")], "10.0.0.1"),
        ] {
            assert_eq!(caller(peer, fields), expected, "{peer} {fields:?}");
        }
    }

    #[test]
    fn only_the_named_field_is_believed() {
        let own = HeaderName::from_static("x-client");
        let fields = [(&X_FORWARDED_FOR, "192.0.2.1"), (&FORWARDED, "for=192.0.2.2"), (&own, "6.6.6.6, 192.0.2.3")];
        let headers: HeaderMap =
            fields.iter().map(|(name, value)| ((*name).clone(), HeaderValue::from_static(value))).collect();
        for (name, address) in fields.map(|(name, _)| name).into_iter().zip(["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
            let proxies = Proxies { field: Some(name.clone()), ..proxies() };
            assert_eq!(proxies.caller(ip("10.0.0.1"), &headers), ip(address), "{name}");
            assert_eq!(proxies.caller(ip("10.0.0.1"), &HeaderMap::new()), ip("10.0.0.1"), "{name}");
            assert_eq!(proxies.caller(ip("192.0.2.9"), &headers), ip("192.0.2.9"), "{name}");
        }
    }

    #[test]
    fn whatever_a_caller_sends_before_it_the_proxy_is_believed_or_its_own_address_counts() {
        let pieces = [
            "for=6.6.6.6",
            "6.6.6.6",
            ",",
            ";",
            "\"",
            "\\",
            "=",
            " ",
            "x",
            "for=",
            "[",
            "]",
            "for=\"6.6.6.6\"",
            "proto=http",
        ];
        let mut random = 1_u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap_or_default() % below
        };
        for _ in 0..20_000 {
            let sent: String = (0..next(12)).filter_map(|_| pieces.get(next(pieces.len())).copied()).collect();
            for (name, own) in [
                (&X_FORWARDED_FOR, "192.0.2.1"),
                (&FORWARDED, "for=192.0.2.1"),
                (&FORWARDED, "for=\"192.0.2.1:80\";proto=https"),
            ] {
                assert_eq!(caller("10.0.0.1", &[(name, &sent), (name, own)]), "192.0.2.1", "{sent}");
                let joined = caller("10.0.0.1", &[(name, &format!("{sent}, {own}"))]);
                assert!(["192.0.2.1", "10.0.0.1"].contains(&&*joined), "{sent}: {joined}");
            }
        }
    }

    #[test]
    fn networks_are_addresses_with_or_without_a_length() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:a00:1/128", "10.0.0.1/32"),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "proxy.example",
            "0.0.0.0/0",
            "::/0",
            "::ffff:0.0.0.0/96",
            "::ffff:10.0.0.0/80",
            "10.0.0.1:80",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }
}
