//! The table of diagnostic codes. A code never changes its meaning; the hundreds name the stage.

use std::fmt;

use Severity::{Error, Warning};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file has no usable meaning here; nothing is generated.
    Error,
    /// A meaning was chosen; the text says which.
    Warning,
}

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
    TooLarge = 113, Error, "aliases make too many values";

    // resolve: references
    UnknownCall = 201, Error, "a call names no operation";
    UnknownVariable = 202, Error, "a template names no variable";
    UnknownReference = 203, Error, "an argument refers to nothing that the caller can send";
    LiteralReference = 204, Warning, "an argument looks like a reference and is sent as text";
    UnknownParameter = 205, Error, "an argument is for a parameter that the operation does not have";
    MissingArgument = 206, Error, "a required parameter gets no argument";
    UndeclaredPlaceholder = 207, Warning, "a placeholder of a path is declared nowhere";
    UnusedPathParameter = 208, Warning, "a path parameter stands nowhere in the path";
    DuplicateName = 209, Error, "a name is used twice";
    ImplicitVariable = 210, Warning, "an environment variable is used without a bind";
    BadVariable = 211, Error, "an environment variable has a name that cannot be";
    UnusedInput = 212, Warning, "a declared input goes nowhere";
    TypeMismatch = 213, Error, "an argument can never be of the type that its parameter takes";

    // check: rules over the linked document
    BadPath = 301, Error, "a path cannot be used";
    BadBaseUri = 302, Error, "a base URI cannot be used";
    BaseUriIsConfiguration = 303, Warning, "a base URI is left to configuration";
    ForbiddenHeader = 304, Error, "a header is not the caller's to set";
    RouteConflict = 305, Error, "two routes answer the same requests";
    UnboundPlaceholder = 306, Warning, "a placeholder of a route is bound to nothing";
    AmbiguousPlaceholder = 307, Error, "a placeholder of a route fits two parameters";
    UnknownType = 308, Warning, "a type is not known and is taken for a string";
    SeveralBodies = 309, Error, "an operation has several bodies";
    ToolName = 310, Error, "a tool's name cannot be used";
    SeveralAdapters = 312, Warning, "adapters of one type are served together";
    BadMapping = 313, Error, "a mapping is not a path that can be followed";
    UnknownMethod = 314, Error, "an HTTP method is not known";
    CrateName = 315, Error, "a file's path gives no usable crate name";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NK{:04}", *self as u16)
    }
}
