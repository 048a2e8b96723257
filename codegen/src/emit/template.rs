//! Texts with values in them, for files that are mostly the same for each capability.

/// The name of a value, which is written between `@` in a template, and the value: a list.
pub(super) type Value = (&'static str, Vec<String>);

/// A template, which is read once.
pub(super) struct Template {
    length: usize,
    parts: Vec<Part>,
}

enum Part {
    /// Lines without values.
    Text(&'static str),
    /// A line as the text before its values, and for each value its name and the text after it.
    Line(&'static str, Vec<(&'static str, &'static str)>),
}

impl Template {
    /// The template of a text, of which each line has its end.
    pub(super) fn of(text: &'static str) -> Self {
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        let lines = |start, end| text.get(start..end).filter(|lines| !lines.is_empty()).map(Part::Text);
        for line in text.split_inclusive('\n') {
            let (first, rest) = line.split_once('@').unwrap_or((line, ""));
            if !rest.is_empty() {
                parts.extend(lines(start, end));
                let pieces: Vec<_> = rest.split('@').collect();
                let values = pieces.chunks(2).filter_map(|piece| Some((*piece.first()?, *piece.get(1)?)));
                parts.push(Part::Line(first, values.collect()));
                start = end + line.len();
            }
            end += line.len();
        }
        parts.extend(lines(start, end));
        Self { length: text.len(), parts }
    }

    /// The template with its values filled in. A line that names a list is repeated for each of its values, so with an empty list
    /// it is left out; a list of one value goes with any other list.
    pub(super) fn fill<L: AsRef<[S]>, S: AsRef<str>>(&self, values: &[(&str, L)]) -> String {
        let list =
            |name: &str| values.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, list)| list.as_ref());
        let mut filled = String::with_capacity(self.length + self.length / 2);
        for part in &self.parts {
            let (first, rest) = match part {
                Part::Text(lines) => {
                    filled.push_str(lines);
                    continue;
                }
                Part::Line(first, rest) => (first, rest),
            };
            let lengths = rest.iter().map(|(name, _)| list(name).len());
            let times = if lengths.clone().any(|length| length == 0) { 0 } else { lengths.max().unwrap_or(1) };
            for time in 0..times {
                filled.push_str(first);
                for (name, after) in rest {
                    let list = list(name);
                    let value = list.get(time).or(list.first()).map_or("", S::as_ref);
                    filled.extend([value, after]);
                }
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_once_for_each_value() {
        let values = [("one", vec!["1".to_owned()]), ("two", vec!["a".to_owned(), "b".to_owned()]), ("none", vec![])];
        assert_eq!(
            Template::of("x @one@\n@two@=@one@ @two@\n@one@ @none@\ny\nz\n").fill(&values),
            "x 1\na=1 a\nb=1 b\ny\nz\n"
        );
    }
}
