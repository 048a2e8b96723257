//! Reading CSS selectors (Selectors Level 4), with the pseudo-classes of jQuery that the reference engine knows. The compiler
//! reads them to report those that are none, and the runtime to use them.

use super::{Combinator, Condition, Place, Selector, Value};

/// How deep selectors are in each other.
const MAX_DEPTH: usize = 8;
/// How many elements a selector names. Each is looked for from the one after it.
const MAX_ELEMENTS: usize = 64;

impl Selector {
    /// The selectors of a list with commas between them.
    ///
    /// # Errors
    /// If the text is no such list, or has a selector that is not known here. The error says which.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        let mut reader = Reader { rest: text, depth: 0 };
        let selectors = reader.list(false)?;
        match reader.peek() {
            None => Ok(selectors),
            Some(c) => Err(format!("`{c}` is in a place where it means nothing")),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes a text, if it is next.
    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes the characters up to the first that is not wanted.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) -> bool {
        !self.take_while(|c| c.is_ascii_whitespace()).is_empty()
    }

    fn close(&mut self, end: &str, of: &str) -> Result<(), String> {
        self.skip_blanks();
        if self.takes(end) { Ok(()) } else { Err(format!("`{of}` does not end with `{end}`")) }
    }

    /// Selectors with commas between them; those of `:has` may begin with a combinator.
    fn list(&mut self, is_relative: bool) -> Result<Vec<Selector>, String> {
        let mut selectors = Vec::new();
        loop {
            selectors.push(self.selector(is_relative)?);
            if !self.takes(",") {
                return Ok(selectors);
            }
        }
    }

    fn selector(&mut self, is_relative: bool) -> Result<Selector, String> {
        self.skip_blanks();
        let mut before = None;
        if is_relative {
            let combinator = if self.takes(">") { Combinator::Child } else { Combinator::Descendant };
            before = Some((combinator, Box::new(Selector { element: vec![Condition::Scope], before: None })));
        }
        for _ in 0..MAX_ELEMENTS {
            self.skip_blanks();
            let selector = Selector { element: self.element()?, before };
            let is_inside = self.skip_blanks();
            let combinator = match self.peek() {
                Some('>') => Combinator::Child,
                Some('+') => Combinator::Next,
                Some('~') => Combinator::Later,
                None | Some(',' | ')') => return Ok(selector),
                _ if is_inside => {
                    before = Some((Combinator::Descendant, Box::new(selector)));
                    continue;
                }
                Some(c) => return Err(format!("`{c}` is in a place where it means nothing")),
            };
            self.rest = self.rest.get(1..).unwrap_or_default();
            before = Some((combinator, Box::new(selector)));
        }
        Err(format!("a selector names more than {MAX_ELEMENTS} elements"))
    }

    /// The conditions of one element.
    fn element(&mut self) -> Result<Vec<Condition>, String> {
        let mut conditions = Vec::new();
        let is_any = self.takes("*");
        if !is_any && self.peek().is_some_and(is_of_name) {
            conditions.push(Condition::Name(self.name("a selector")?.to_lowercase()));
        }
        loop {
            if self.takes("#") {
                conditions.push(Condition::Id(self.name("#")?));
            } else if self.takes(".") {
                conditions.push(Condition::Class(self.name(".")?));
            } else if self.takes("[") {
                conditions.push(self.attribute()?);
            } else if self.takes(":") {
                self.pseudo_class(&mut conditions)?;
            } else {
                break;
            }
        }
        if is_any || !conditions.is_empty() {
            return Ok(conditions);
        }
        Err(match self.peek() {
            None => "it ends where an element should be".to_owned(),
            Some(c) => format!("`{c}` is in a place where an element should be"),
        })
    }

    /// A name, with escapes.
    fn name(&mut self, after: &str) -> Result<String, String> {
        let mut name = String::new();
        loop {
            name.push_str(self.take_while(|c| is_of_name(c) && c != '\\'));
            if !self.takes("\\") {
                break;
            }
            let digits = self.rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            match (digits, self.rest.split_at_checked(digits), self.peek()) {
                (1.., Some((digits, rest)), _) => {
                    let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                    name.push(code.ok_or("an escape is no character")?);
                    self.rest = rest.strip_prefix(' ').unwrap_or(rest);
                }
                (_, _, Some(c)) => {
                    name.push(c);
                    self.takes(c.encode_utf8(&mut [0; 4]));
                }
                _ => return Err("`\\` is at its end".to_owned()),
            }
        }
        if name.is_empty() { Err(format!("after `{after}` a name is missing")) } else { Ok(name) }
    }

    fn attribute(&mut self) -> Result<Condition, String> {
        self.skip_blanks();
        let name = self.name("[")?.to_lowercase();
        self.skip_blanks();
        let operators = [
            ("=", Value::Equal as fn(String) -> Value),
            ("!=", Value::Unequal),
            ("^=", Value::Start),
            ("$=", Value::End),
            ("*=", Value::Part),
            ("~=", Value::Word),
            ("|=", Value::Dash),
        ];
        let operator = operators.into_iter().find(|(operator, _)| self.takes(operator));
        let value = match operator {
            None => Value::Any,
            Some((operator, value)) => {
                self.skip_blanks();
                let text = match self.peek() {
                    Some(quote @ ('"' | '\'')) => {
                        let text = self.quoted(quote)?;
                        self.skip_blanks();
                        // Case makes no difference anyway.
                        self.takes("i");
                        text
                    }
                    // Stricter readers want quotes around what is no name, such as `.png`.
                    _ => self.take_while(|c| c != ']').to_owned(),
                };
                let text = text.trim().to_lowercase();
                if text.is_empty() && operator != "=" && operator != "!=" {
                    return Err(format!("after `{operator}` a text is missing"));
                }
                value(text)
            }
        };
        self.close("]", "[")?;
        Ok(Condition::Attribute(name, value))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut characters = self.rest.char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => text.extend(characters.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(format!("`{quote}` does not close"))
    }

    fn pseudo_class(&mut self, conditions: &mut Vec<Condition>) -> Result<(), String> {
        let name = match self.name(":") {
            Ok(name) => name.to_lowercase(),
            Err(_) => return Err("a selector of pseudo-elements (`::`) selects no element".to_owned()),
        };
        let place = |step, first, of_type, from_end| Condition::Place(Place { step, first, of_type, from_end });
        let of_type = name.ends_with("-of-type");
        match name.as_str() {
            "first-child" | "first-of-type" => conditions.push(place(0, 1, of_type, false)),
            "last-child" | "last-of-type" => conditions.push(place(0, 1, of_type, true)),
            "only-child" | "only-of-type" => {
                conditions.extend([place(0, 1, of_type, false), place(0, 1, of_type, true)]);
            }
            "root" => conditions.push(Condition::Root),
            "empty" => conditions.push(Condition::Empty),
            _ if !self.takes("(") => return Err(unknown(&name)),
            _ => {
                self.skip_blanks();
                conditions.push(self.function(&name)?);
                self.close(")", &format!(":{name}("))?;
            }
        }
        Ok(())
    }

    /// What is between the parentheses of a pseudo-class.
    fn function(&mut self, name: &str) -> Result<Condition, String> {
        let counted = |step, first| Condition::Place(Place { step, first, of_type: false, from_end: false });
        Ok(match name {
            "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type" => {
                let text = self.take_while(|c| c != ')');
                let (step, first) = places(text).ok_or_else(|| format!("`{text}` in `:{name}()` counts nothing"))?;
                let (of_type, from_end) = (name.ends_with("-of-type"), name.starts_with("nth-last"));
                Condition::Place(Place { step, first, of_type, from_end })
            }
            // Those of jQuery count from 0.
            "eq" => counted(0, self.index(name)? + 1),
            "lt" => counted(-1, self.index(name)?),
            "gt" => counted(1, self.index(name)? + 2),
            "contains" | "containsown" => {
                let text = match self.peek() {
                    Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                    _ => self.in_parentheses().to_owned(),
                };
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
                if text.is_empty() {
                    return Err(format!("`:{name}()` names no text"));
                }
                Condition::Contains { text, is_own: name == "containsown" }
            }
            "is" | "where" | "not" | "has" => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("its parts are too deep in each other".to_owned());
                }
                let selectors = self.list(name == "has")?;
                self.depth -= 1;
                match name {
                    "not" => Condition::Not(selectors),
                    "has" => Condition::Has(selectors),
                    _ => Condition::Is(selectors),
                }
            }
            _ => return Err(unknown(name)),
        })
    }

    fn index(&mut self, name: &str) -> Result<i64, String> {
        let text = self.take_while(|c| c != ')');
        let index = text.trim().parse::<u32>().map_err(|_| format!("`{text}` in `:{name}()` is no number"))?;
        Ok(index.into())
    }

    /// Text up to the parenthesis that closes, with those that are opened in it.
    fn in_parentheses(&mut self) -> &'t str {
        let mut open = 0_usize;
        let end = self.rest.find(|c| {
            match c {
                '(' => open += 1,
                ')' if open == 0 => return true,
                ')' => open -= 1,
                _ => {}
            }
            false
        });
        let (text, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or((self.rest, ""));
        self.rest = rest;
        text
    }
}

fn unknown(name: &str) -> String {
    format!("`:{name}` is not known here")
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\\') || !c.is_ascii()
}

/// The step and the first place of `odd`, `even`, `3` and `2n+1`.
fn places(text: &str) -> Option<(i64, i64)> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().to_ascii_lowercase();
    let number = |text: &str| text.parse::<i32>().ok().map(i64::from);
    match text.as_str() {
        "odd" => Some((2, 1)),
        "even" => Some((2, 0)),
        _ => match text.split_once('n') {
            None => Some((0, number(&text)?)),
            Some((step, first)) => {
                let step = match step {
                    "" | "+" => 1,
                    "-" => -1,
                    step => number(step)?,
                };
                let is_signed = first.starts_with(['+', '-']);
                if first.is_empty() { Some((step, 0)) } else { Some((step, number(first).filter(|_| is_signed)?)) }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_from_right_to_left() {
        let read = Selector::read(" DIV.a > [Lang|='EN' i], * ").expect("a list");
        let outer = Selector {
            element: vec![Condition::Name("div".to_owned()), Condition::Class("a".to_owned())],
            before: None,
        };
        let inner = vec![Condition::Attribute("lang".to_owned(), Value::Dash("en".to_owned()))];
        let expected = [
            Selector { element: inner, before: Some((Combinator::Child, Box::new(outer))) },
            Selector { element: Vec::new(), before: None },
        ];
        assert_eq!(read, expected);
        let value = Selector::read("[src$=.png ]").expect("a value");
        let ends = Condition::Attribute("src".to_owned(), Value::End(".png".to_owned()));
        assert_eq!(value, [Selector { element: vec![ends], before: None }]);
        let names = Selector::read(r"#\31 0\.5").expect("an id");
        assert_eq!(names.first().map(|one| one.element.clone()), Some(vec![Condition::Id("10.5".to_owned())]));
    }

    #[test]
    fn places_are_counted() {
        for (text, expected) in [
            ("odd", vec![1, 3, 5]),
            ("even", vec![2, 4, 6]),
            ("3", vec![3]),
            ("n", vec![1, 2, 3, 4, 5, 6]),
            ("2n + 1", vec![1, 3, 5]),
            ("-n+2", vec![1, 2]),
            ("n+5", vec![5, 6]),
            ("3N-1", vec![2, 5]),
            ("0n+4", vec![4]),
        ] {
            let (step, first) = places(text).expect(text);
            let place = Place { step, first, of_type: false, from_end: false };
            assert_eq!((1..=6).filter(|at| place.has(*at)).collect::<Vec<_>>(), expected, "{text}");
        }
        for text in ["", "x", "n5", "2n+", "--n", "1.5"] {
            assert_eq!(places(text), None, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_selectors_are_refused_with_the_part() {
        for (text, expected) in [
            ("", "it ends where an element should be"),
            ("table,", "it ends where an element should be"),
            ("> table", "`>` is in a place where an element should be"),
            ("table >", "it ends where"),
            ("table)", "`)` is in a place where it means nothing"),
            ("table!", "`!` is in a place where it means nothing"),
            ("table[a", "`[` does not end with `]`"),
            ("table[]", "after `[` a name is missing"),
            ("[a='x]", "`'` does not close"),
            ("[a^=]", "after `^=` a text is missing"),
            ("[a=x", "`[` does not end with `]`"),
            ("a:hover", "`:hover` is not known here"),
            ("a:matches(x)", "`:matches` is not known here"),
            ("a::before", "`::`"),
            (":nth-child(x)", "`x` in `:nth-child()` counts nothing"),
            (":eq(-1)", "`-1` in `:eq()` is no number"),
            (":not()", "`)` is in a place where an element should be"),
            (":not(a", "`:not(` does not end with `)`"),
            (":contains( )", "`:contains()` names no text"),
            ("a\\", "`\\` is at its end"),
            (&format!("{}a{}", ":not(".repeat(9), ")".repeat(9)), "too deep"),
            (&"a ".repeat(100_000), "a selector names more than 64 elements"),
        ] {
            let problem = Selector::read(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
