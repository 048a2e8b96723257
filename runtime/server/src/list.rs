//! Flags whose values are lists, separated by commas. Blanks around members and empty members are dropped. A list without
//! members, or with one that can match nothing, is refused: it would not do what its operator wants, without a word.

use std::net::IpAddr;

use http::header::HeaderName;
use http::uri::Authority;
use naftiko_adapter::origin::canonical;
use naftiko_mcp::Rate;

use super::proxies::network;

/// The members of a value.
#[derive(Clone)]
pub(super) struct List(Vec<String>);

impl From<String> for List {
    fn from(member: String) -> Self {
        Self(vec![member])
    }
}

/// The members of all values of a flag.
pub(super) fn members(lists: &[List]) -> impl Iterator<Item = &String> {
    lists.iter().flat_map(|list| &list.0)
}

/// A list of any texts.
pub(super) fn texts(text: &str) -> Result<List, String> {
    of(text, |member| Ok(member.to_owned()))
}

/// A list of host names and addresses, with or without port.
pub(super) fn hosts(text: &str) -> Result<List, String> {
    of(text, |member| {
        let is_name = |host: Authority| !host.as_str().contains(['@', '*']);
        let is_host = member.parse::<IpAddr>().is_ok() || member.parse::<Authority>().is_ok_and(is_name);
        if is_host { Ok(member.to_owned()) } else { Err("is no host name, such as mcp.example or mcp.example:8080") }
    })
}

/// A list of origins, each with its port or `*` for any.
pub(super) fn origins(text: &str) -> Result<List, String> {
    of(text, |member| canonical(member).ok_or("is no origin, such as https://app.example or http://localhost:*"))
}

/// A list of addresses and networks.
pub(super) fn networks(text: &str) -> Result<List, String> {
    of(text, |member| network(member).map(|network| network.to_string()))
}

/// A list of patterns, each with a rate.
pub(super) fn rates(text: &str) -> Result<List, String> {
    of(text, |member| match member.rsplit_once('=') {
        Some((pattern, rate)) if !pattern.trim().is_empty() && rate.parse::<Rate>().is_ok() => Ok(member.to_owned()),
        _ => Err("is no pattern with a rate, such as delete-*=10/min"),
    })
}

/// A list of ports, each for the first adapter of a type, or after the namespace of another one.
pub(super) fn ports(text: &str) -> Result<List, String> {
    of(text, |member| {
        let port = member.split_once('=').map_or(member, |(_, port)| port.trim());
        let is_port = port.parse::<u16>().is_ok() && !member.starts_with('=');
        if is_port { Ok(member.to_owned()) } else { Err("is no port, such as 8080 or tools=8080") }
    })
}

/// A list of names of header fields.
pub(super) fn fields(text: &str) -> Result<List, String> {
    of(text, |member| match member.parse::<HeaderName>() {
        Ok(_) if !member.contains('*') => Ok(member.to_owned()),
        _ => Err("is no name of a header"),
    })
}

fn of(text: &str, read: impl Fn(&str) -> Result<String, &'static str>) -> Result<List, String> {
    let members = text.split(',').map(str::trim).filter(|member| !member.is_empty());
    let members = members.map(|member| read(member).map_err(|problem| format!("`{member}` {problem}")));
    match members.collect::<Result<Vec<_>, _>>()? {
        members if members.is_empty() => Err("the list has no members".to_owned()),
        members => Ok(List(members)),
    }
}
