//! The model: every decision made, nothing left to look up. It holds the tables that the runtime reads, and the names and
//! texts that generated code has beside them. Emitters read it and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use naftiko_schema::{Adapter, Api, ApiId, Capability, Control, InboundAuth, Kind, Mcp, Parameter, Rest, Skills};

use crate::template::Piece;

/// A capability, ready to be emitted.
#[derive(Debug)]
pub(crate) struct Model {
    /// The source, relative to the repository.
    pub(crate) spec: String,
    pub(crate) capability: Capability,
    /// The feature and the module of each API's operations, if there are several APIs.
    pub(crate) parts: Vec<Part>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) flows: Vec<Flow>,
    /// The adapters, in the order in which they are served: by type, and those of a type as in the file.
    pub(crate) adapters: Vec<Adapter>,
    /// The name of the module of each adapter.
    pub(crate) modules: Vec<String>,
    /// The paths of each REST adapter.
    pub(crate) paths: Vec<Paths>,
    /// Types for what a companion says about bodies, by their names.
    pub(crate) types: Vec<Type>,
}

/// The paths of a REST adapter, in pieces.
#[derive(Debug)]
pub(crate) struct Paths {
    /// That of each route.
    pub(crate) routes: Vec<Vec<Piece>>,
    /// Those of what is passed on.
    pub(crate) forwards: Vec<Vec<Piece>>,
}

/// A part of a generated client that may be left out.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) feature: String,
    pub(crate) module: String,
}

/// An operation, and what generated code calls it.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) table: Arc<naftiko_schema::Operation>,
    pub(crate) description: String,
    /// What callers have to know before they call it, or nothing.
    pub(crate) note: String,
    /// The name of the client's method.
    pub(crate) method_name: String,
    /// The name of the call's builder type.
    pub(crate) type_name: String,
    /// The name of the table.
    pub(crate) const_name: String,
    /// The argument or setter of each parameter.
    pub(crate) setters: Vec<Setter>,
    /// Where it is declared: file and line.
    pub(crate) origin: String,
    /// The path as the author wrote it, for documentation.
    pub(crate) path_text: String,
    /// The types of what is sent and received, if they are known.
    pub(crate) request: Option<TypeUse>,
    pub(crate) response: Option<TypeUse>,
    /// The types of the bodies of unsuccessful responses, each with the statuses that have it.
    pub(crate) failures: Vec<(String, Vec<String>)>,
}

/// A flow, and what generated code calls it.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) table: Arc<naftiko_schema::Flow>,
    /// The name of the table.
    pub(crate) const_name: String,
    pub(crate) description: String,
}

/// A Rust type.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) name: String,
    /// A sentence, if there is one.
    pub(crate) description: Option<String>,
    pub(crate) role: Role,
    pub(crate) definition: Definition,
}

/// What a type is for.
#[derive(Debug)]
pub(crate) enum Role {
    Body { method: String, is_request: bool },
    Member { name: String, parent: String },
    Variant { union: String },
    Unknown,
}

#[derive(Debug)]
pub(crate) enum Definition {
    /// Texts, to which the upstream may add: the name and the text of each.
    Enum {
        variants: Vec<(String, String)>,
        is_closed: bool,
    },
    Struct(Struct),
    Union(Union),
}

/// Values of several shapes.
#[derive(Debug)]
pub(crate) struct Union {
    /// The objects: names, types, and what they look like.
    pub(crate) objects: Vec<(String, TypeUse, Pattern)>,
    /// Other values.
    pub(crate) others: Vec<(String, TypeUse)>,
    /// The variant that a text becomes.
    pub(crate) text: Option<String>,
    /// Whether responses have it, so that it can be read.
    pub(crate) received: bool,
}

/// What an object looks like among the variants of a union.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// A member has one of these values, as texts.
    Tagged(String, Vec<String>),
    /// It has all of the first members, and perhaps some of the second, which not all variants have.
    Members(Vec<String>, Vec<String>),
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) fields: Vec<Field>,
    /// The name of the field for other members, and what they are.
    pub(crate) others: Option<(String, TypeUse)>,
    /// Whether requests have it, so that it can be built.
    pub(crate) sent: bool,
    /// Whether responses have it, so that anything may be missing.
    pub(crate) received: bool,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The name of the method that sets it to null.
    pub(crate) clear_name: String,
    /// The name of the member.
    pub(crate) wire: String,
    /// A sentence, or nothing.
    pub(crate) description: String,
    pub(crate) value: TypeUse,
    /// Where it is among the members that are required, if it is one.
    pub(crate) required: Option<usize>,
    /// The only value that it has, as JSON text.
    pub(crate) constant: Option<String>,
    pub(crate) nullable: bool,
    /// Whether the environment may have the text that is required.
    pub(crate) configured: bool,
}

impl Struct {
    /// The fields that an object is built with, in the order of the arguments.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        let free = self.fields.iter().filter(|field| field.constant.is_none());
        let required: BTreeMap<usize, &Field> = free.filter_map(|field| Some((field.required?, field))).collect();
        required.into_values()
    }
}

/// What a value is in Rust.
#[derive(Clone, Debug)]
pub(crate) enum TypeUse {
    Boolean,
    Integer,
    /// A whole number without a sign.
    Unsigned,
    Number,
    Text,
    /// Base64.
    Bytes,
    Json,
    /// One of the model's types.
    Named(String),
    Boxed(Box<TypeUse>),
    Optional(Box<TypeUse>),
    Redacted(Box<TypeUse>),
    List(Box<TypeUse>),
    Map(Box<TypeUse>),
}

impl TypeUse {
    /// Whether it is one of the model's types, or has one inside.
    fn has_name(&self) -> bool {
        match self {
            Self::Boolean | Self::Integer | Self::Unsigned | Self::Number | Self::Text | Self::Bytes | Self::Json => {
                false
            }
            Self::Named(_) => true,
            Self::Boxed(inside)
            | Self::Optional(inside)
            | Self::Redacted(inside)
            | Self::List(inside)
            | Self::Map(inside) => inside.has_name(),
        }
    }

    /// What it is called in the name of something that holds it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Integer | Self::Unsigned => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Named(name) => name.clone(),
            Self::Boxed(inside) | Self::Optional(inside) | Self::Redacted(inside) => inside.words(),
            Self::List(inside) => format!("{} list", inside.words()),
            Self::Map(inside) => format!("{} map", inside.words()),
        }
    }
}

/// What generated code calls a parameter.
#[derive(Debug)]
pub(crate) struct Setter {
    /// The name of the argument or setter.
    pub(crate) name: String,
    /// The name of the constant with the parameter's id.
    pub(crate) id_name: String,
}

impl Operation {
    /// Whether the type of its responses names one of the model's types.
    pub(crate) fn returns_model(&self) -> bool {
        self.response.as_ref().is_some_and(TypeUse::has_name)
    }

    /// The parameters, each with what generated code calls it.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&Parameter, &Setter)> {
        self.table.parameters.iter().zip(&self.setters)
    }

    /// The parameters that the client's method takes as arguments: the required ones, except flags, which
    /// readers of a call could not distinguish.
    pub(crate) fn positional(&self) -> impl Iterator<Item = (&Parameter, &Setter)> {
        self.parameters().filter(|(parameter, _)| is_positional(parameter))
    }

    /// The parameters that have a setter.
    pub(crate) fn with_setter(&self) -> impl Iterator<Item = (&Parameter, &Setter)> {
        self.parameters().filter(|(parameter, _)| !is_positional(parameter))
    }
}

fn is_positional(parameter: &Parameter) -> bool {
    parameter.required && parameter.kind != Kind::Boolean
}

impl Model {
    /// The type of this name.
    pub(crate) fn definition(&self, name: &str) -> Option<&Definition> {
        Some(&self.types.iter().find(|of| of.name == name)?.definition)
    }

    /// What an item of a list is: of the response itself, or of the only list in it.
    pub(crate) fn item<'m>(&'m self, response: &'m TypeUse) -> Option<&'m TypeUse> {
        let name = match response {
            TypeUse::List(item) => return Some(item),
            TypeUse::Named(name) => name,
            _ => return None,
        };
        let Definition::Struct(object) = self.definition(name)? else { return None };
        let mut lists = object.fields.iter().filter_map(|field| match &field.value {
            TypeUse::List(item) => Some(&**item),
            _ => None,
        });
        lists.next().filter(|_| lists.next().is_none())
    }

    /// The REST adapters.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &Rest> {
        self.adapters.iter().filter_map(Adapter::rest)
    }

    /// The MCP adapters.
    pub(crate) fn mcp(&self) -> impl Iterator<Item = &Mcp> {
        self.adapters.iter().filter_map(Adapter::mcp)
    }

    /// The adapters, each with its module.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&Adapter, &str)> {
        self.adapters.iter().zip(&self.modules).map(|(adapter, module)| (adapter, module.as_str()))
    }

    /// Whether the skills of an adapter are also offered over MCP.
    pub(crate) fn are_over_mcp(&self, skills: &Skills) -> bool {
        self.mcp().flat_map(|mcp| mcp.skills.iter()).any(|offered| offered.namespace == skills.namespace)
    }

    /// The skill adapters.
    pub(crate) fn skills(&self) -> impl Iterator<Item = &Skills> {
        self.adapters.iter().filter_map(Adapter::skills)
    }

    /// The module of the skill adapter with a namespace, which no other one has.
    pub(crate) fn module_of_skills(&self, namespace: &str) -> Option<&str> {
        let is_it = |adapter: &Adapter| adapter.skills().is_some_and(|skills| skills.namespace == namespace);
        self.modules().find(|(adapter, _)| is_it(adapter)).map(|(_, module)| module)
    }

    pub(crate) fn control(&self) -> Option<&Control> {
        self.adapters.iter().find_map(Adapter::control)
    }

    /// The name of the generated crate.
    pub(crate) fn crate_name(&self) -> &str {
        &self.capability.name
    }

    /// The part of an API, if there are several APIs.
    pub(crate) fn part(&self, api: ApiId) -> Option<&Part> {
        self.parts.get(api.index())
    }

    /// The APIs with their parts, if there are several.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Api, &Part)> {
        self.capability.apis.iter().zip(&self.parts)
    }

    /// How callers of each adapter authenticate.
    pub(crate) fn inbound(&self) -> impl Iterator<Item = &InboundAuth> {
        self.adapters.iter().map(Adapter::auth)
    }

    /// The names of the environment variables that the server needs beside those of the client.
    pub(crate) fn inbound_variables(&self) -> BTreeSet<&str> {
        let variables = self.inbound().flat_map(|auth| auth.variables.iter());
        variables
            .filter(|variable| variable.file.is_none() && !self.capability.variables.contains(variable))
            .map(|variable| &*variable.name)
            .collect()
    }

    /// The environment variables that the client needs.
    pub(crate) fn environment_variables(&self) -> impl Iterator<Item = &str> {
        self.capability.variables.iter().filter(|variable| variable.file.is_none()).map(|variable| &*variable.name)
    }

    /// The files with values of variables, of the client and of the server.
    pub(crate) fn bind_files(&self) -> BTreeSet<&str> {
        let inbound = self.inbound().flat_map(|auth| auth.variables.iter());
        self.capability.variables.iter().chain(inbound).filter_map(|variable| variable.file.as_deref()).collect()
    }
}
