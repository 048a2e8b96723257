//! The table of a provider: one capability a line.

use anyhow::{Context as _, Result, bail};

use super::Size;

/// A capability: operations on one kind of resource.
#[derive(Clone, Debug)]
pub(super) struct Capability {
    /// The name of its file.
    pub(super) name: String,
    /// The name of its API in paths.
    pub(super) api: String,
    pub(super) place: Place,
    /// The resource, such as `private_network`.
    pub(super) resource: String,
    /// What the resource is.
    pub(super) what: String,
    pub(super) operations: Vec<Operation>,
}

/// Where the resources of an API are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Zone,
    Region,
    Global,
}

/// An operation.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    List,
    Get,
    Create,
    Update,
    Delete,
    /// Its name, and what it does.
    Action(String, String),
}

/// The first capabilities of a table. Those beyond its end are the same again, under other names.
pub(super) fn read(table: &str, size: Size) -> Result<Vec<Capability>> {
    let lines = table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let all: Vec<_> =
        lines.map(|line| capability(line).with_context(|| format!("in `{line}`"))).collect::<Result<_>>()?;
    let rounds = (0..).flat_map(|round| all.iter().map(move |capability| again(capability, round)));
    let mut left = match size {
        Size::Capabilities(count) => return Ok(rounds.take(count).collect()),
        Size::Operations(count) => count,
    };
    let whole = rounds.map_while(|mut capability| {
        capability.operations.truncate(left);
        left -= capability.operations.len();
        (!capability.operations.is_empty()).then_some(capability)
    });
    Ok(whole.collect())
}

/// The capability of a round through the table.
fn again(capability: &Capability, round: usize) -> Capability {
    let mut again = capability.clone();
    if round == 0 {
        return again;
    }
    again.name = format!("{}-{}", again.name, round + 1);
    again.api = format!("{}-{}", again.api, round + 1);
    again.resource = format!("{}_{}", again.resource, round + 1);
    again
}

fn capability(line: &str) -> Result<Capability> {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [head, resource, verbs, actions] = cells.as_slice() else { bail!("a line has four cells") };
    let head: Vec<_> = head.split(' ').collect();
    let [api, place, name] = head.as_slice() else { bail!("the first cell has an API, a place and a name") };
    let place = match *place {
        "zone" => Place::Zone,
        "region" => Place::Region,
        "global" => Place::Global,
        other => bail!("`{other}` is no place"),
    };
    let (resource, what) = resource.split_once(": ").context("the resource says what it is")?;
    let verbs = verbs.chars().map(|verb| match verb {
        'l' => Ok(Operation::List),
        'g' => Ok(Operation::Get),
        'c' => Ok(Operation::Create),
        'u' => Ok(Operation::Update),
        'd' => Ok(Operation::Delete),
        other => bail!("`{other}` is no verb"),
    });
    let actions = actions.split(';').map(str::trim).filter(|action| !action.is_empty()).map(|action| {
        let (name, does) = action.split_once(": ").context("an action says what it does")?;
        Ok(Operation::Action(name.to_owned(), does.to_owned()))
    });
    Ok(Capability {
        // Names are unique in the provider.
        name: format!("{api}-{name}"),
        api: (*api).to_owned(),
        place,
        resource: resource.to_owned(),
        what: what.to_owned(),
        operations: verbs.chain(actions).collect::<Result<_>>()?,
    })
}
