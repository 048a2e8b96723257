//! Rust names of one scope: valid, and all different.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

use super::is_identifier;
use super::words::operation_words;

/// Types and traits that a generated client module names itself.
const CLIENT_TYPES: &str = "Call Client ClientBuilder ConfigError Connection Debug Err Error Handle Into IntoBody \
    IntoIterator Item None Ok Option Request Response Result Serialize Some String Value";
/// Types and traits that a generated module of models names itself, and those that are always in scope.
const MODEL_TYPES: &str = "AsMut AsRef BTreeMap Base64 Box Clone Copy Debug Default Deserialize DoubleEndedIterator Drop Eq Err \
    ExactSizeIterator Extend Fn FnMut FnOnce From FromIterator Future Hash Into IntoFuture IntoIterator Iterator None Ok \
    Option Ord PartialEq PartialOrd Patch Redacted Result Send Serialize Sized Some String Sync ToOwned ToString TryFrom \
    TryInto Unpin Value Vec";
/// Methods of a generated client itself.
const CLIENT_METHODS: &str = "builder connection from_env";
/// Methods that clippy keeps for what the standard traits mean by them.
const TRAIT_METHODS: &str = "add as_mut as_ref bitand bitor bitxor borrow borrow_mut clone cmp default deref deref_mut \
    div drop eq from from_iter from_str hash index index_mut into_iter mul neg new next not rem shl shr sub";

/// How Rust writes a name.
#[derive(Clone, Copy, Debug)]
enum Case {
    Snake,
    Camel,
    Shouty,
}

impl Case {
    fn write(self, words: &str) -> String {
        let words = ascii(words);
        let (name, prefix) = match self {
            Self::Snake => (snake(&words), "n"),
            Self::Camel => (words.to_upper_camel_case(), "N"),
            Self::Shouty => (snake(&words).to_ascii_uppercase(), "N"),
        };
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        let name = if digit { format!("{prefix}{name}") } else { name };
        if is_identifier(&name) { name } else { format!("{name}_") }
    }

    fn number(self, name: &str, number: usize) -> String {
        let name = name.trim_end_matches('_');
        match self {
            Self::Camel => format!("{name}{number}"),
            Self::Snake | Self::Shouty => format!("{name}_{number}"),
        }
    }
}

/// What a name is made of.
#[derive(Clone, Debug)]
enum Form {
    Operation {
        words: String,
        namespace: String,
        method: String,
        path: String,
    },
    Parameter {
        location: String,
    },
    /// The words of the name, then longer ways to say it.
    Shape(Vec<String>),
}

/// A name that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The name on the wire.
    wire: String,
    form: Form,
    /// Whether it is the name of a parameter without symbols.
    is_plain: bool,
}

impl Wish {
    /// The name of an operation.
    pub(crate) fn operation(namespace: &str, name: &str, method: &str, path: &str) -> Self {
        let form = Form::Operation {
            words: operation_words(name, path),
            namespace: namespace.to_owned(),
            method: method.to_lowercase(),
            path: path.to_owned(),
        };
        Self { wire: name.to_owned(), form, is_plain: false }
    }

    /// The name of a parameter that travels at a location.
    pub(crate) fn parameter(name: &str, location: &str) -> Self {
        let form = Form::Parameter { location: location.to_owned() };
        Self { wire: name.to_owned(), form, is_plain: name.chars().all(|c| c.is_ascii_alphanumeric()) }
    }

    /// The name of a type: words, then longer ways to say it.
    pub(crate) fn shape(ways: Vec<String>) -> Self {
        Self { wire: ways.first().cloned().unwrap_or_default(), form: Form::Shape(ways), is_plain: false }
    }

    /// How many ways there are to say it.
    fn levels(&self) -> usize {
        match &self.form {
            Form::Operation { .. } => 6,
            Form::Parameter { .. } => 5,
            Form::Shape(ways) => ways.len(),
        }
    }

    /// The words of the name, or of a longer way to say it. Most names are never said longer.
    fn way(&self, level: usize) -> Cow<'_, str> {
        let name = &self.wire;
        match &self.form {
            Form::Operation { words, namespace, method, path } => match level {
                0 => words.into(),
                1 => format!("{namespace} {words}").into(),
                2 => format!("{words} {method}").into(),
                3 => format!("{words} {}", place(path, false)).into(),
                4 => format!("{words} {} {method}", place(path, false)).into(),
                _ => format!("{namespace} {words} {} {method}", place(path, true)).into(),
            },
            Form::Parameter { location } => match level {
                0 if name.contains(|c: char| c.is_ascii_alphanumeric()) => name.into(),
                1 => with_symbols(name).into(),
                0 | 2 => spelled(name).into(),
                3 => format!("{name} in {location}").into(),
                _ => format!("{} in {location}", spelled(name)).into(),
            },
            Form::Shape(ways) => ways.get(level).or(ways.last()).map_or("".into(), Into::into),
        }
    }
}

/// A path as words: its literal segments, and the placeholder at its end or all of them.
fn place(path: &str, all: bool) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let last = segments.len().saturating_sub(1);
    let words = segments.iter().enumerate().map(|(index, segment)| match segment.contains('{') {
        true if all || index == last => format!("by {segment}"),
        true => String::new(),
        false => (*segment).to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A name with its symbols spelled out.
pub(super) fn with_symbols(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        match symbol(c) {
            Some(word) => words.push_str(&format!(" {word} ")),
            None => words.push(c),
        }
    }
    words
}

/// A name with its symbols spelled out and its style said: for names that differ in nothing else.
fn spelled(name: &str) -> String {
    let style = match (name.chars().next(), name.contains(char::is_uppercase), name.contains(char::is_lowercase)) {
        (_, false, _) => "",
        (_, true, false) => " upper",
        (Some(first), true, true) if first.is_uppercase() => " pascal",
        _ => " camel",
    };
    with_symbols(name) + style
}

fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '$' => "dollar",
        '@' => "at",
        '-' => "dash",
        '_' => "underscore",
        '.' => "dot",
        ':' => "colon",
        '+' => "plus",
        '*' => "star",
        '~' => "tilde",
        '#' => "hash",
        '/' => "slash",
        '[' | ']' => "bracket",
        '<' => "less",
        '>' => "greater",
        '=' => "equal",
        '%' => "percent",
        '&' => "and",
        '!' => "not",
        '?' => "question",
        _ => return None,
    })
}

/// Names of one scope.
pub(crate) struct Scope {
    reserved: BTreeSet<&'static str>,
    case: Case,
}

impl Scope {
    /// A scope in which these names, separated by spaces, are reserved.
    fn new(reserved: &[&'static str], case: Case) -> Self {
        Self { reserved: reserved.iter().flat_map(|names| names.split_whitespace()).collect(), case }
    }

    /// The methods of a client.
    pub(crate) fn client_methods() -> Self {
        Self::new(&[CLIENT_METHODS, TRAIT_METHODS], Case::Snake)
    }

    /// The types of a client module.
    pub(crate) fn client_types() -> Self {
        Self::new(&[CLIENT_TYPES], Case::Camel)
    }

    /// The types of a module of models.
    pub(crate) fn model_types() -> Self {
        Self::new(&[MODEL_TYPES], Case::Camel)
    }

    /// The variants of an open enum.
    pub(crate) fn variants() -> Self {
        Self::new(&["Unknown"], Case::Camel)
    }

    /// The constants of an operations module.
    pub(crate) fn constants() -> Self {
        Self::new(&["CAPABILITY"], Case::Shouty)
    }

    /// The methods of a call's builder.
    pub(crate) fn setters() -> Self {
        Self::new(&["send", TRAIT_METHODS], Case::Snake)
    }

    /// The modules of a generated client. Their names have a prefix, so none is reserved.
    pub(crate) fn modules() -> Self {
        Self::new(&[], Case::Snake)
    }

    /// A name for each wish, all different.
    pub(crate) fn assign(&self, wishes: &[Wish]) -> Vec<String> {
        let shortest: Vec<String> = wishes.iter().map(|wish| self.candidate(wish, 0)).collect();
        if shortest.iter().collect::<BTreeSet<_>>().len() == shortest.len() {
            return shortest;
        }
        let mut names: Vec<Option<String>> = vec![None; wishes.len()];
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, name) in shortest.into_iter().enumerate() {
            groups.entry(name).or_default().push(index);
        }
        let mut taken: BTreeSet<String> = groups.keys().cloned().collect();
        for (plain, group) in &groups {
            let only = |is: &dyn Fn(&Wish) -> bool| {
                let mut found = group.iter().filter(|index| wishes.get(**index).is_some_and(is));
                found.next().filter(|_| found.next().is_none()).copied()
            };
            // The name that is as it would be written stays, or else the one without symbols.
            let is_plain = |wish: &Wish| wish.is_plain && !matches!(self.case, Case::Shouty);
            let keeper = only(&|_| true).or_else(|| only(&|wish| wish.wire == *plain)).or_else(|| only(&is_plain));
            let rest: Vec<usize> = group.iter().copied().filter(|index| Some(*index) != keeper).collect();
            let longer = self.longer(wishes, &rest, &taken).unwrap_or_else(|| {
                let start = usize::from(keeper.is_some());
                let mut numbers = (start..).map(|number| match number {
                    0 => plain.clone(),
                    number => self.case.number(plain, number + 1),
                });
                let mut free =
                    |_: &usize| numbers.find(|name| name == plain || !taken.contains(name)).unwrap_or_default();
                rest.iter().map(&mut free).collect()
            });
            taken.extend(longer.iter().cloned());
            for (index, name) in rest.iter().zip(longer).chain(keeper.iter().map(|index| (index, plain.clone()))) {
                if let Some(slot) = names.get_mut(*index) {
                    *slot = Some(name);
                }
            }
        }
        names.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The shortest of the longer forms of these names in which all of them differ.
    fn longer(&self, wishes: &[Wish], group: &[usize], taken: &BTreeSet<String>) -> Option<Vec<String>> {
        let levels = group.iter().filter_map(|index| wishes.get(*index)).map(Wish::levels).max()?;
        (1..levels).find_map(|level| {
            let group = group.iter().filter_map(|index| wishes.get(*index));
            let names: Vec<String> = group.map(|wish| self.candidate(wish, level)).collect();
            let different: BTreeSet<&String> = names.iter().collect();
            (different.len() == names.len() && names.iter().all(|name| !taken.contains(name))).then_some(names)
        })
    }

    fn candidate(&self, wish: &Wish, level: usize) -> String {
        let name = self.case.write(&wish.way(level));
        if self.reserved.contains(&*name) { format!("{name}_") } else { name }
    }
}

/// The name with a blank for every character that is no ASCII letter or digit; a word for a name without any.
fn ascii(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    words.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }));
    if words.bytes().all(|byte| byte == b' ') { "unnamed".to_owned() } else { words }
}

/// ASCII words with `_` between them, in small letters. Most have no capital letters at which they would be cut.
fn snake(words: &str) -> String {
    if words.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return words.to_snake_case();
    }
    let mut snake = String::with_capacity(words.len());
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        if !snake.is_empty() {
            snake.push('_');
        }
        snake.push_str(word);
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setters(names: &[&str]) -> Vec<String> {
        let wishes: Vec<Wish> = names.iter().map(|name| Wish::parameter(name, "query")).collect();
        Scope::setters().assign(&wishes)
    }

    fn methods(operations: &[(&str, &str, &str, &str)]) -> Vec<String> {
        let wish =
            |(namespace, name, method, path): &(&str, &str, &str, &str)| Wish::operation(namespace, name, method, path);
        Scope::client_methods().assign(&operations.iter().map(wish).collect::<Vec<_>>())
    }

    #[test]
    fn keywords_digits_and_symbols_become_names() {
        assert_eq!(
            setters(&["type", "send", "2fa", "$", "_", "self", "名"]),
            ["type_", "send_", "n2fa", "dollar", "underscore", "self_", "unnamed"]
        );
        assert_eq!(
            setters(&["a_é_b", "$select", "filter[a][b]", "@id", "X-Foo"]),
            ["a_b", "select", "filter_a_b", "id", "x_foo"]
        );
    }

    #[test]
    fn names_that_come_out_equal_say_more() {
        assert_eq!(
            setters(&["page-size", "page_size", "pageSize", "PAGE_SIZE"]),
            ["page_dash_size", "page_size", "page_size_camel", "page_underscore_size_upper"]
        );
        assert_eq!(setters(&["$select", "select"]), ["dollar_select", "select"]);
        let same = [Wish::parameter("id", "path"), Wish::parameter("id", "query")];
        assert_eq!(Scope::setters().assign(&same), ["id_in_path", "id_in_query"]);
        assert_eq!(setters(&["a", "a"]), ["a", "a_2"]);
        assert_eq!(setters(&["birthDate", "_birthDate"]), ["birth_date", "underscore_birth_date"]);
    }

    #[test]
    fn operations_of_one_name_get_names_from_their_method_and_path() {
        assert_eq!(
            methods(&[("a", "get", "GET", "/users/{user}/keys"), ("a", "get", "GET", "/users/{user}/keys/{key}")]),
            ["get_users_keys", "get_users_keys_by_key"]
        );
        assert_eq!(
            methods(&[("a", "items", "GET", "/items"), ("a", "items", "POST", "/items")]),
            ["items_get", "items_post"]
        );
        assert_eq!(methods(&[("a", "list", "GET", "/x"), ("b", "list", "GET", "/x")]), ["a_list", "b_list"]);
        assert_eq!(methods(&[("a", "list", "GET", "/x"), ("a", "list", "GET", "/x")]), ["list", "list_2"]);
    }

    proptest::proptest! {
        #[test]
        fn words_are_written_as_heck_writes_them(name in "[a-cA-C0-2_ é-]{0,12}") {
            use heck::ToShoutySnakeCase as _;
            let words = ascii(&name);
            proptest::prop_assert_eq!(snake(&words), words.to_snake_case());
            proptest::prop_assert_eq!(snake(&words).to_ascii_uppercase(), words.to_shouty_snake_case());
        }

        #[test]
        fn any_names_give_valid_and_different_identifiers(wire in proptest::collection::vec(".*", 1..8)) {
            let wishes: Vec<Wish> = wire.iter().map(|name| Wish::parameter(name, "query")).collect();
            for scope in [Scope::setters(), Scope::client_types(), Scope::model_types(), Scope::constants()] {
                let names = scope.assign(&wishes);
                for name in &names {
                    proptest::prop_assert!(is_identifier(name), "{name:?} is no identifier");
                    proptest::prop_assert!(!scope.reserved.contains(&**name));
                }
                let different: BTreeSet<_> = names.iter().collect();
                proptest::prop_assert_eq!(different.len(), names.len());
            }
        }

        #[test]
        fn similar_names_get_different_identifiers(wire in proptest::collection::vec("[aA$_.-]{0,4}", 1..12)) {
            let wishes: Vec<Wish> = wire.iter().map(|name| Wish::parameter(name, "query")).collect();
            let names = Scope::setters().assign(&wishes);
            proptest::prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{:?}", names);
        }

        #[test]
        fn the_order_of_different_names_means_nothing(wire in proptest::collection::btree_set("[a-c$_.-]{1,4}", 1..8)) {
            let wishes: Vec<Wish> = wire.iter().map(|name| Wish::parameter(name, "query")).collect();
            let names = Scope::setters().assign(&wishes);
            let mut backwards = wishes.clone();
            backwards.reverse();
            let mut other = Scope::setters().assign(&backwards);
            other.reverse();
            // Names that differ only by a number depend on their order.
            let numbered = |names: &[String]| names.iter().any(|name| name.ends_with(|c: char| c.is_ascii_digit()));
            if !numbered(&names) && !numbered(&other) {
                proptest::prop_assert_eq!(names, other);
            }
        }
    }
}
