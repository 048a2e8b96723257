//! The table of diagnostic codes. A code never changes its meaning; the hundreds name the stage.

use std::fmt;

use Severity::{Error, Note, Warning};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file has no usable meaning here; nothing is generated.
    Error,
    /// A meaning was chosen; the text says which.
    Warning,
    /// Something to know; nothing has to be done.
    Note,
}

/// The explanations of all codes. The same text is the page of the documentation.
const EXPLANATIONS: &str = include_str!("../../docs/diagnostics.md");

macro_rules! codes {
    ($($name:ident = $number:literal, $severity:ident, $title:literal;)*) => {
        /// What kind of finding a diagnostic is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $name = $number,)* }

        impl Code {
            /// How bad findings with this code are.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => $severity,)* }
            }

            /// What the code stands for, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// A longer text in Markdown: what it means, why, and what to do.
            pub fn explanation(self) -> &'static str {
                let heading = format!("\n## {self}: ");
                let Some((_, section)) = EXPLANATIONS.split_once(&heading) else { return self.title() };
                let text = section.split_once('\n').map_or("", |(_, text)| text);
                text.split("\n## ").next().unwrap_or_default().trim()
            }

            /// The code with this name, such as `NK0201`.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.to_string().eq_ignore_ascii_case(name))
            }

            /// Every code, in order of number.
            pub const ALL: &[Code] = &[$(Code::$name,)*];
        }
    };
}

codes! {
    // read: the text and its shape
    Syntax = 101, Error, "the file is not valid YAML";
    DuplicateKey = 102, Error, "a key stands twice in one mapping";
    TooDeep = 103, Error, "values are nested too deeply";
    SeveralDocuments = 104, Error, "the file holds several YAML documents";
    NotACapability = 105, Warning, "the file is not a Naftiko capability and is skipped";
    WrongType = 106, Error, "a value has the wrong type";
    MissingKey = 107, Error, "a required key is missing";
    UnknownKey = 108, Warning, "a key is not known and is ignored";
    Unsupported = 109, Error, "a feature of the format is not supported yet";
    UnknownVersion = 110, Warning, "the version of the format is not known";
    NothingConsumed = 111, Error, "the capability consumes no operation";
    NoCapability = 112, Error, "the file has no capability although it should";
    TooLarge = 113, Error, "a value is too large";
    NotUtf8 = 114, Error, "the file is not UTF-8 text";
    SharedPart = 115, Note, "the file holds parts that capabilities import";
    BrokenImport = 116, Warning, "an import leads nowhere and is left out";
    ImportCycle = 117, Error, "files import each other in a circle";
    LeftOutCall = 118, Warning, "a call into an import that leads nowhere is left out";
    CallsNothing = 119, Warning, "a route or tool calls nothing and is left out";

    // read: features of the format that are not compiled yet
    Aggregates = 120, Error, "aggregates are not supported yet";
    Steps = 121, Error, "orchestration in steps is not supported yet";
    Scripts = 122, Error, "scripts are not supported";
    Mocks = 123, Error, "answers without a call are not supported yet";
    OutputFormat = 124, Error, "an answer in another format than JSON cannot be mapped yet";
    SkillAdapter = 125, Warning, "a skill adapter is left out";
    ControlAdapter = 126, Warning, "a part of the control adapter is not served";
    UnknownAdapter = 127, Warning, "an adapter of a type that is not known is left out";
    InboundAuthentication = 128, Error, "authentication of callers is not supported";
    Forward = 131, Error, "forwarding of whole paths is not supported yet";
    Tunnel = 132, Error, "tunnels are not supported";
    CredentialKind = 133, Error, "authentication of this kind is not supported";
    BodyFormat = 134, Error, "a body in this format cannot be sent yet";
    BinaryContract = 135, Error, "declared responses of a route are not supported yet";
    ConsumedType = 136, Error, "an API of this type cannot be consumed";
    AddressIgnored = 137, Warning, "the address of an adapter is left to whoever runs the server";
    SourceIgnored = 138, Warning, "variables come from the environment and not from where a bind says";
    UnclearRule = 139, Warning, "a rule for the values of a parameter is left out";
    SeveralSources = 140, Error, "a resource or prompt has two sources";
    UnknownRole = 141, Error, "a message of a prompt has a role that is not known";

    // resolve: references
    UnknownCall = 201, Error, "a call names no operation";
    UnknownVariable = 202, Error, "a template names no variable";
    UnknownReference = 203, Warning, "an argument refers to an input that is not declared";
    LiteralReference = 204, Warning, "an argument looks like a reference and is sent as text";
    UnknownParameter = 205, Warning, "an argument is for a parameter that the operation does not have";
    MissingArgument = 206, Warning, "a required parameter gets no argument and becomes an input";
    UndeclaredPlaceholder = 207, Warning, "a placeholder of a path is declared nowhere";
    UnusedPathParameter = 208, Warning, "a path parameter stands nowhere in the path";
    DuplicateName = 209, Warning, "a name is used twice";
    ImplicitVariable = 210, Warning, "an environment variable is used without a bind";
    BadVariable = 211, Error, "an environment variable has a name that cannot be";
    UnusedInput = 212, Warning, "a declared input goes nowhere";
    TypeMismatch = 213, Error, "an argument can never be of the type that its parameter takes";
    AmbiguousCall = 214, Error, "a call fits several operations";
    InferredCall = 215, Warning, "a call is completed from what stands around it";
    SharedName = 216, Warning, "one name is two parameters of an operation";
    BodyMembers = 217, Warning, "parameters in the body are members of one JSON object";
    ImpliedLocation = 218, Warning, "a parameter does not say where it travels";
    OwnPath = 219, Warning, "an operation has a path of its own";
    Nameless = 220, Warning, "a parameter without a name is left out";
    BadLocation = 221, Error, "a location names no files that can be taken";
    FilesOfTheServer = 222, Warning, "files are read where the server runs";
    UnreachableArgument = 223, Error, "a resource calls an operation that wants more than its URI says";
    PromptPlaceholder = 224, Warning, "a placeholder of a prompt is no argument of it";
    BadResourceUri = 225, Error, "the URI of a resource cannot be used";

    // check: rules over the linked document
    BadPath = 301, Error, "a path cannot be used";
    BadBaseUri = 302, Error, "a base URI cannot be used";
    BaseUriIsConfiguration = 303, Warning, "a base URI is left to configuration";
    ReservedHeader = 304, Warning, "a header is not the caller's to set and is left out";
    RouteConflict = 305, Warning, "two routes answer the same requests";
    UnboundPlaceholder = 306, Warning, "a placeholder of a route is bound to nothing";
    AmbiguousPlaceholder = 307, Error, "a placeholder of a route fits two parameters";
    UnknownType = 308, Warning, "a type is not known and is taken for a string";
    SeveralBodies = 309, Warning, "an operation has several bodies";
    ToolName = 310, Warning, "a tool's name cannot be used and is changed";
    SeveralAdapters = 312, Warning, "adapters of one type are served together";
    BadMapping = 313, Error, "a mapping is not a path that can be followed";
    UnknownMethod = 314, Error, "an HTTP method is not known";
    CrateName = 315, Error, "a file's path gives no usable crate name";
    BadHeaderName = 316, Error, "a name cannot be that of a header or cookie";
    QueryInPath = 317, Warning, "a path holds a query";
    FragmentInPath = 318, Warning, "a path holds a fragment";
    MissingSlash = 319, Warning, "a path does not start with a slash";
    ToolInputName = 320, Warning, "an input of a tool gets a name that all clients take";
    HintContradiction = 321, Warning, "a hint contradicts the HTTP method";

    // lint: rules of style over the text as it stands, for `cargo xtask lint` only
    ReusedNamespace = 401, Error, "a namespace is used for two things";
    BaseUriSlash = 402, Warning, "a base URI ends with a slash";
    RouteSlash = 403, Warning, "the path of a route ends with a slash";
    ExampleAddress = 404, Warning, "an adapter has an example for an address";
    ExampleBaseUri = 405, Warning, "a base URI is an example";
    FunctionDescription = 406, Warning, "an aggregate function has no description";
    SemanticsContradiction = 407, Warning, "what exposes a function contradicts its semantics";
    StdioAuthentication = 408, Warning, "authentication is set where there is no HTTP";
    InsecureIssuer = 409, Error, "an authorization server is not reached over https";
    InsecureResource = 410, Warning, "an OAuth resource is not an https address";
    MissingScopes = 411, Warning, "OAuth is demanded without scopes";
    MissingTags = 412, Note, "the capability has no tags";
    ApiDescription = 413, Warning, "a consumed API has no description";
    ResourceDescription = 414, Warning, "an exposed resource has no description";
    OperationDescription = 415, Note, "an exposed operation has no description";
    StepName = 416, Warning, "the name of a step has unusual characters";
    ScriptTag = 417, Error, "a description holds a script tag";
    EvalCall = 418, Error, "a description holds a call of eval";
    ControlPort = 419, Error, "a control adapter is not alone";
    ControlAddress = 420, Warning, "a control adapter can be reached from other machines";
    ScriptDefaults = 421, Error, "a script has no language or no place";
    ImportSource = 422, Error, "an import does not say from where";
    ImportName = 423, Error, "an import does not say what";
    ImportAlias = 424, Error, "two imports get one namespace";
    ChainedImport = 425, Error, "a shared file imports from another";
    AdapterNamespace = 426, Error, "an adapter has no namespace";
    AggregateNamespace = 427, Error, "an aggregate has no namespace";
    FunctionName = 428, Error, "two functions of an aggregate have one name";
    TunnelIdentity = 429, Error, "the identity of a tunnel is bound to nothing";
    TunnelFallback = 430, Warning, "a tunnel can be bypassed";
    TunnelPublic = 431, Note, "a tunnel leads to a public name";
    UnusedOperation = 432, Note, "nothing calls a consumed operation";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NK{:04}", *self as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_under_its_title() {
        let headings: Vec<&str> = EXPLANATIONS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let wanted: Vec<String> = Code::ALL.iter().map(|code| format!("{code}: {}", code.title())).collect();
        assert_eq!(headings, wanted);
        for code in Code::ALL {
            let length = code.explanation().chars().count();
            assert!(length >= 200, "{code} is explained in {length} characters");
        }
    }

    #[test]
    fn codes_are_found_by_their_names() {
        assert_eq!(Code::named("nk0201"), Some(Code::UnknownCall));
        assert_eq!(Code::named("NK9999"), None);
    }
}
