//! Skills as clients see them (SEP-2640, the Skills extension): each is `SKILL.md` and the files beside it, which are resources.

use std::borrow::Cow;
use std::collections::HashMap;

use naftiko_schema::http::{media_type, percent_encode};
use naftiko_schema::{FileContent, Skill, SkillAction, SkillSource, SkillTool};
use rmcp::ErrorData;
use rmcp::model::{GetSkillResult, ResourceContents, SKILL_MD, SkillFrontmatter, SkillResource, SkillResources};
use serde_json::{Map, Value};

use super::content;

/// What separates the front matter of `SKILL.md` from its text.
const FENCE: &str = "---\n";

/// The skills that the server offers.
#[derive(Default)]
pub(super) struct Skills {
    all: Vec<rmcp::model::Skill>,
    /// By URI.
    files: HashMap<String, File>,
}

struct File {
    path: &'static str,
    content: Cow<'static, [u8]>,
}

impl Skills {
    /// The skills of capabilities. Those whose names MCP does not have are left out, as the compiler says, and of several of
    /// one name all but the first.
    pub(super) fn new(tables: impl Iterator<Item = &'static naftiko_schema::Skills>) -> Self {
        let mut skills = Self::default();
        for skill in tables.flat_map(|table| table.skills.iter()) {
            skills.add(skill);
        }
        skills
    }

    fn add(&mut self, skill: &'static Skill) {
        let uri = |path: &str| {
            let path = path.split('/').map(percent_encode).collect::<Vec<_>>().join("/");
            format!("skill://{}/{path}", percent_encode(&skill.name))
        };
        let (matter, start) = (frontmatter(skill), start(skill));
        let own = File { path: SKILL_MD, content: Cow::Owned(start.into_bytes()) };
        // Hidden files are for the program that made them.
        let is_shown = |path: &str| path != SKILL_MD && !path.split('/').any(|part| part.starts_with('.'));
        let others = skill.files.iter().filter(|file| is_shown(&file.path));
        let others = others.map(|file| File { path: &file.path, content: Cow::Borrowed(file.content.bytes()) });
        let files: Vec<(String, File)> = [own].into_iter().chain(others).map(|file| (uri(file.path), file)).collect();
        let manifest = files.iter().map(|(uri, file)| SkillResource::from_bytes(uri, &file.content));
        let described = rmcp::model::Skill::new(uri(SKILL_MD), matter, SkillResources::Files(manifest.collect()));
        if described.validate().is_ok() && !self.files.contains_key(&described.uri) {
            self.all.push(described);
            self.files.extend(files);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them, in the order of the capability.
    pub(super) fn all(&self) -> &[rmcp::model::Skill] {
        &self.all
    }

    /// The skill whose `SKILL.md` has a URI.
    pub(super) fn get(&self, uri: &str) -> Result<GetSkillResult, ErrorData> {
        let found = self.all.iter().find(|skill| skill.uri == uri).cloned();
        found.map(GetSkillResult::new).ok_or_else(|| ErrorData::invalid_params("there is no skill with this URI", None))
    }

    /// The `SKILL.md` of each, for the list of resources.
    pub(super) fn resources(&self) -> impl Iterator<Item = rmcp::model::Resource> {
        self.all.iter().map(|skill| {
            let resource = rmcp::model::Resource::new(&*skill.uri, skill.name()).with_title(skill.name());
            let described = resource.with_description(&*skill.frontmatter.description);
            let size = self.files.get(&skill.uri).map_or(0, |file| file.content.len());
            described.with_mime_type("text/markdown").with_size(size as u64)
        })
    }

    /// The file with a URI.
    pub(super) fn read(&self, uri: &str) -> Option<ResourceContents> {
        let file = self.files.get(uri)?;
        let media_type = media_type(file.path).map(str::to_owned);
        Some(content::contents(uri, media_type, false, file.content.to_vec()))
    }
}

/// What the capability says about a skill. It replaces the front matter of the file `SKILL.md`, so that both are the same.
fn frontmatter(skill: &Skill) -> SkillFrontmatter {
    let metadata = skill.metadata.iter().map(|property| (property.name.to_string(), Value::from(&*property.value)));
    let metadata = (!skill.metadata.is_empty()).then(|| Value::Object(metadata.collect::<Map<_, _>>()));
    let text = |text: &Option<Cow<'static, str>>| text.as_deref().map(Value::from);
    let fields = [
        ("license", text(&skill.license)),
        ("compatibility", text(&skill.compatibility)),
        ("metadata", metadata),
        ("allowed-tools", text(&skill.allowed_tools)),
        ("argument-hint", text(&skill.argument_hint)),
        ("user-invocable", skill.user_invocable.map(Value::Bool)),
        ("disable-model-invocation", skill.disable_model_invocation.map(Value::Bool)),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let named = SkillFrontmatter::new(&*skill.name, &*skill.description);
    fields.fold(named, |matter, (name, value)| matter.with_field(name, value))
}

/// The file `SKILL.md`: front matter, and the text of the skill's own file, or what it tells agents to use. JSON is YAML.
fn start(skill: &Skill) -> String {
    let matter = frontmatter(skill);
    let named = [("name", Value::from(matter.name)), ("description", Value::from(matter.description))];
    let fields = named.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(matter.extra);
    let fields: String = fields.map(|(name, value)| format!("{name}: {value}\n")).collect();
    let own = skill.files.iter().find_map(|file| match &file.content {
        FileContent::Text(text) if file.path == SKILL_MD => Some(without_front_matter(text).to_owned()),
        _ => None,
    });
    format!("{FENCE}{fields}{FENCE}{}", own.unwrap_or_else(|| format!("\n{}\n{}", skill.description, tools(skill))))
}

fn without_front_matter(text: &str) -> &str {
    let Some(matter) = text.strip_prefix(FENCE) else { return text };
    matter.strip_prefix(FENCE).or_else(|| Some(matter.split_once("\n---\n")?.1)).unwrap_or(text)
}

fn tools(skill: &Skill) -> String {
    let item = |tool: &SkillTool| {
        let how = match &tool.source {
            SkillSource::Derived(SkillAction { action, mode, .. }) if mode == "mcp" => {
                format!("call the tool `{action}`")
            }
            SkillSource::Derived(SkillAction { namespace, action, .. }) => {
                format!("call the operation `{action}` of `{namespace}` over REST")
            }
            SkillSource::Instruction(file) => format!("read `{file}`"),
        };
        format!("- {}: {how}. {}\n", tool.name, tool.description)
    };
    let items: String = skill.tools.iter().map(item).collect();
    if items.is_empty() { items } else { format!("\n{items}") }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{SkillFile, SkillProperty, text};

    use super::*;

    static TABLE: naftiko_schema::Skills = naftiko_schema::Skills::new(0).skills(
        const {
            &[
                Skill::new("sow", "How to sow: \"slowly\"")
                    .license("MIT")
                    .metadata(const { &[SkillProperty::new("author", "Ada")] })
                    .user_invocable(false)
                    .files(
                        const {
                            &[
                                SkillFile::new(".notes", FileContent::Text(text("hidden"))),
                                SkillFile::new("SKILL.md", FileContent::Text(text("---\nname: other\n---\n# Sow\n"))),
                                SkillFile::new("a b/depth.md", FileContent::Text(text("Deep\n"))),
                            ]
                        },
                    ),
                Skill::new("wait", "How to wait").tools(
                    const {
                        &[SkillTool::new(
                            "days",
                            "How long",
                            SkillSource::Derived(SkillAction::new("desk", "days", "mcp")),
                        )]
                    },
                ),
                Skill::new("Mow", "Not a name of MCP"),
            ]
        },
    );

    #[test]
    fn skills_have_front_matter_of_the_capability_and_digests_of_their_files() {
        let skills = Skills::new([&TABLE, &TABLE].into_iter());
        let names: Vec<_> = skills.all().iter().map(rmcp::model::Skill::name).collect();
        assert_eq!(names, ["sow", "wait"]);
        let text = |uri: &str| match skills.read(uri) {
            Some(ResourceContents::TextResourceContents { text, .. }) => text,
            _ => String::new(),
        };
        let start = text("skill://sow/SKILL.md");
        assert_eq!(
            start,
            "---\nname: \"sow\"\ndescription: \"How to sow: \\\"slowly\\\"\"\nlicense: \"MIT\"\nmetadata: {\"author\":\"Ada\"}\n\
             user-invocable: false\n---\n# Sow\n"
        );
        assert_eq!(text("skill://sow/a%20b/depth.md"), "Deep\n");
        assert!(skills.read("skill://sow/.notes").is_none());
        assert!(text("skill://wait/SKILL.md").ends_with("How to wait\n\n- days: call the tool `days`. How long\n"));
        let sow = skills.get("skill://sow/SKILL.md").expect("the skill").skill;
        let SkillResources::Files(files) = sow.resources else { panic!("there are files") };
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].verify(start.as_bytes()), Ok(()));
        assert!(skills.get("skill://mow/SKILL.md").is_err());
    }

    #[test]
    fn front_matter_ends_at_its_second_fence() {
        for (text, rest) in [
            ("---\nname: a\n---\nb\n", "b\n"),
            ("---\n---\nb", "b"),
            ("---\nname: a\n", "---\nname: a\n"),
            ("a\n---\nb\n---\n", "a\n---\nb\n---\n"),
        ] {
            assert_eq!(without_front_matter(text), rest, "{text}");
        }
    }
}
