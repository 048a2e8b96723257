//! `README.md`: what the crate is and how to use it.

use std::collections::BTreeSet;

use super::super::{MARKER, rust};
use super::Parts;

pub(super) fn emit(parts: &Parts<'_>) -> String {
    let (name, client) = (&*parts.group.about.name, parts.client());
    let mut text = format!(
        "<!-- {MARKER} from {origin}. Do not edit: change the specifications instead. -->\n\n# {name}\n\n\
         {title}: the capabilities of `{origin}`, with one client and one server.\n\n\
         | feature | capability | crate |\n|---|---|---|\n",
        origin = parts.origin,
        title = rust::plain(&parts.group.about.title),
    );
    for part in parts.members() {
        let title = rust::plain(&part.model.capability.title).replace('|', "\\|");
        let own = part.model.crate_name();
        text.push_str(&format!("| `{}` | {title} | [`{own}`](../{own}) |\n", part.feature));
    }
    text.push_str("\nAll features are on unless default features are off.\n\n");
    text.push_str(&format!(
        "## Client\n\n```rust\nuse {}::{client};\n\nlet client = {client}::from_env()?;\n",
        parts.lib_name()
    ));
    if let Some(part) = parts.members().next() {
        text.push_str(&format!("let {0} = client.{0}();\n", part.module));
    }
    text.push_str(&format!(
        "```\n\n`{client}::builder()` sets what all clients have in common, and `each` changes the builder of each.\n\n"
    ));
    let variables: BTreeSet<_> =
        parts.models.iter().flat_map(|model| model.environment_variables()).map(rust::code).collect();
    if !variables.is_empty() {
        let variables = variables.into_iter().collect::<Vec<_>>().join(", ");
        text.push_str(&format!("`from_env` reads {variables} from the environment.\n\n"));
    }
    let Some(first) = parts.served().next() else { return trimmed(text) };
    text.push_str(&format!("## Server\n\n```sh\ncargo run -p {name} --features server -- serve\n```\n\n"));
    if let Some(rest) = parts.models.iter().find_map(|model| model.rest().next()) {
        text.push_str(&format!(
            "REST on 127.0.0.1:{} has the routes of all capabilities. [`openapi.json`](openapi.json) describes them; the server shows \
             it at `/docs`.\n\n",
            rest.port
        ));
    }
    if let Some(mcp) = parts.models.iter().find_map(|model| model.mcp().next()) {
        let member = parts.group.member(first.model.crate_name(), "").map_or("", |member| &*member.name);
        text.push_str(&format!(
            "MCP on 127.0.0.1:{}/mcp, or on stdio with `-- mcp`, has the tools of all capabilities, and each has those of its own \
             below it, as at `/mcp/{member}`.\n\n",
            mcp.port
        ));
    }
    if let Some(skills) = parts.models.iter().find_map(|model| model.skills().next()) {
        text.push_str(&format!("Skills on 127.0.0.1:{}/skills are those of all capabilities.\n\n", skills.port));
    }
    text.push_str(&renamed(parts));
    text.push_str(&super::super::readme::deployment(name));
    trimmed(text)
}

/// The tools and prompts with other names than in their capability.
fn renamed(parts: &Parts<'_>) -> String {
    let members = parts.group.members.iter();
    let rows: String = members
        .flat_map(|member| member.tools.iter().chain(member.prompts.iter()).map(move |renamed| (member, renamed)))
        .map(|(member, renamed)| {
            let cell = |text: &str| rust::code(text).replace('|', "\\|");
            format!("| {} | {} of {} |\n", cell(&renamed.to), cell(&renamed.from), cell(&member.name))
        })
        .collect();
    if rows.is_empty() {
        return rows;
    }
    format!("Names that several capabilities have are called otherwise:\n\n| name | what it is |\n|---|---|\n{rows}\n")
}

fn trimmed(text: String) -> String {
    format!("{}\n", text.trim_end())
}
