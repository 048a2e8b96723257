//! Which tools a question means: BM25 over what tools say of themselves, for people who do not spell as tools do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use bm25::{Embedder, EmbedderBuilder, Embedding, Scorer, TokenEmbedder as _, TokenEmbedding, Tokenizer};

use super::words::{each_word, stem, verbs, words};

/// What a tool says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'t> {
    pub(super) name: &'t str,
    pub(super) title: &'t str,
    pub(super) description: &'t str,
    /// What its capability says of itself.
    pub(super) capability: [&'t str; 2],
}

/// How often the words of a name count.
const NAME_WEIGHT: usize = 3;
/// The longest question that is read, in words.
const LONGEST: usize = 64;
/// How many unknown words of a question are compared with all that are known, which takes time.
const UNKNOWN: usize = 8;
/// At how many words of the tools an unknown word is aimed.
const MEANT: usize = 3;

/// The number of a stem.
type Stem = u32;

/// Tools by their words.
pub(super) struct Index {
    scorer: Scorer<u32, Stem>,
    /// The words that occur, with their stems.
    known: BTreeMap<Box<str>, Stem>,
    stems: BTreeSet<Stem>,
    /// The stems of each tool's name, in order.
    names: Vec<Box<[Stem]>>,
}

/// Texts that consist of stems already.
#[derive(Default)]
struct Stems;

impl Tokenizer for Stems {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }
}

/// What was read of tools so far.
#[derive(Default)]
struct Reader {
    /// The stems of words.
    known: HashMap<Box<str>, Box<str>>,
    /// How many words were read.
    count: usize,
}

impl Reader {
    /// Adds the stem of a word to a text.
    fn add(&mut self, text: &mut String, word: &str) {
        if !self.known.contains_key(word) {
            self.known.insert(word.into(), stem(word).into());
        }
        if let Some(stem) = self.known.get(word) {
            text.push_str(stem);
            text.push(' ');
            self.count += 1;
        }
    }

    /// The text with the stems of a tool, where `about` has those of its capability.
    fn text(&mut self, entry: Entry<'_>, name: &[String], about: &str) -> String {
        let mut text = String::with_capacity(2 * about.len());
        std::iter::repeat_n(name, NAME_WEIGHT).flatten().for_each(|word| self.add(&mut text, word));
        each_word(entry.title, |word| self.add(&mut text, word));
        each_word(entry.description, |word| self.add(&mut text, word));
        // Neighbours are also written as one word, or by their first letters.
        for pair in name.windows(2) {
            self.add(&mut text, &pair.concat());
            self.add(&mut text, &pair.iter().filter_map(|word| word.chars().next()).collect::<String>());
        }
        text.push_str(about);
        self.count += about.split_whitespace().count();
        text
    }
}

impl Index {
    /// An index of tools, which are known by their numbers. Those of one capability follow each other.
    pub(super) fn new<'t>(entries: impl Iterator<Item = Entry<'t>>) -> Self {
        let mut reader = Reader::default();
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        let (mut capability, mut about) = ([""; 2], String::new());
        for entry in entries {
            if entry.capability != capability {
                capability = entry.capability;
                about.clear();
                let before = reader.count;
                capability.iter().for_each(|text| each_word(text, |word| reader.add(&mut about, word)));
                reader.count = before;
            }
            let name = words(entry.name);
            texts.push(reader.text(entry, &name, &about));
            let stems: BTreeSet<_> = name.iter().map(|word| number(&stem(word))).collect();
            names.push(stems.into_iter().collect());
        }
        let average = reader.count as f32 / texts.len().max(1) as f32;
        let embedder: Embedder<u32, Stems> = EmbedderBuilder::with_avgdl(average).build();
        let mut scorer = Scorer::new();
        for (tool, text) in (0..).zip(&texts) {
            let mut embedding = embedder.embed(text);
            // The library has a stem as often as it occurs, each time with the same value.
            embedding.0.sort_unstable_by_key(|token| token.index);
            embedding.0.dedup_by_key(|token| token.index);
            embedding.0.shrink_to_fit();
            scorer.upsert(&tool, embedding);
        }
        let known: BTreeMap<_, _> = reader.known.into_iter().map(|(word, stem)| (word, number(&stem))).collect();
        let stems = known.values().copied().collect();
        Self { scorer, known, stems, names }
    }

    /// The numbers of the tools that a question means, the best first.
    pub(super) fn find(&self, question: &str, limit: usize) -> Vec<usize> {
        let asked = self.stems_of(question);
        let query = asked.iter().map(|stem| TokenEmbedding { index: *stem, value: 1.0 });
        let found = self.scorer.matches(&Embedding(query.collect()));
        let found = found.iter().map(|document| (document.id as usize, document.score));
        let asked: BTreeSet<_> = asked.into_iter().collect();
        // A tool whose whole name is asked for comes before one of which it is a part.
        let covered = |number: usize| {
            let name = self.names.get(number)?;
            let said = name.iter().filter(|stem| asked.contains(stem)).count();
            Some(said as f32 / name.len().max(1) as f32)
        };
        let mut found: Vec<_> =
            found.map(|(number, score)| (number, score * (1.0 + covered(number).unwrap_or_default()))).collect();
        found.sort_by(|(one, of_one), (other, of_other)| of_other.total_cmp(of_one).then(one.cmp(other)));
        found.into_iter().take(limit).map(|(number, _)| number).collect()
    }

    /// The stems that a question means.
    fn stems_of(&self, question: &str) -> Vec<Stem> {
        let mut stems = Vec::new();
        let mut asked: Vec<_> = words(question).into_iter().take(LONGEST).collect();
        // `back up` is a verb, and `backup` its noun.
        let pairs: Vec<_> = asked.windows(2).map(<[String]>::concat).collect();
        asked.extend(pairs.into_iter().filter(|pair| self.known.contains_key(&**pair) || verbs(pair).next().is_some()));
        let (mut seen, mut unknown) = (BTreeSet::new(), 0);
        for word in asked {
            if !seen.insert(word.clone()) {
                continue;
            }
            let own = number(&stem(&word));
            stems.extend(verbs(&word).map(|verb| number(&stem(verb))).filter(|verb| self.stems.contains(verb)));
            if self.stems.contains(&own) {
                stems.push(own);
            } else if unknown < UNKNOWN {
                unknown += 1;
                stems.extend(self.meant(&word));
            }
        }
        stems
    }

    /// What an unknown word may mean: words that it begins or abbreviates, else those that are spelled almost like it.
    fn meant(&self, word: &str) -> BTreeSet<Stem> {
        let length = word.chars().count();
        let begun = self
            .known
            .range::<str, _>((Bound::Included(word), Bound::Unbounded))
            .take_while(|(known, _)| known.starts_with(word));
        let begun: Vec<_> = begun.filter(|_| length > 2).collect();
        let mut meant: Vec<_> = if begun.is_empty() {
            self.known.iter().filter(|(known, _)| abbreviates(word, known)).collect()
        } else {
            begun
        };
        if meant.is_empty() {
            let allowed = length / 4;
            let near = self.known.iter().filter(|(known, _)| known.chars().count().abs_diff(length) <= allowed);
            let mut near: Vec<_> = near
                .map(|entry| (strsim::osa_distance(word, entry.0), entry))
                .filter(|(distance, _)| *distance <= allowed)
                .collect();
            near.sort_by_key(|(distance, _)| *distance);
            let least = near.first().map(|(distance, _)| *distance);
            meant = near.into_iter().filter(|(distance, _)| Some(*distance) == least).map(|(_, entry)| entry).collect();
        }
        meant.into_iter().take(MEANT).map(|(_, stem)| *stem).collect()
    }
}

/// The number of a stem, as the library has it.
fn number(stem: &str) -> Stem {
    Stem::embed(stem)
}

/// Whether a word is another one with the number of letters in place of its middle, as `k8s` is of `kubernetes`.
fn abbreviates(word: &str, whole: &str) -> bool {
    let mut letters = word.chars();
    let ends = (letters.next(), letters.next_back());
    let Ok(middle) = letters.as_str().parse::<usize>() else { return false };
    ends == (whole.chars().next(), whole.chars().next_back()) && whole.chars().count() == middle.saturating_add(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: [(&str, &str); 7] = [
        ("list-servers", "List virtual machines"),
        ("delete-server", "Delete a virtual machine"),
        ("create-load-balancer", "Create an entry that spreads traffic"),
        ("list-private-networks", "List layer 2 networks"),
        ("get-cluster", "Get a Kubernetes control plane"),
        ("create-secret", "Create a secret"),
        ("create-secret-version", "Create one value of a secret"),
    ];

    fn index() -> Index {
        Index::new(TOOLS.iter().map(|(name, description)| Entry {
            name,
            title: "",
            description,
            capability: ["cloud", ""],
        }))
    }

    fn best(question: &str) -> &'static str {
        index().find(question, 1).first().and_then(|number| TOOLS.get(*number)).map_or("", |(name, _)| name)
    }

    #[test]
    fn questions_find_tools_by_words_verbs_typing_errors_and_abbreviations() {
        for (question, tool) in [
            ("show me all machines", "list-servers"),
            ("get rid of a machine", "delete-server"),
            ("new loadbalancer", "create-load-balancer"),
            ("make an lb", "create-load-balancer"),
            ("privte netwroks", "list-private-networks"),
            ("describe a k8s cluster", "get-cluster"),
            ("create secret", "create-secret"),
            ("create a secret version", "create-secret-version"),
            ("createSecretVersion", "create-secret-version"),
        ] {
            assert_eq!(best(question), tool, "{question}");
        }
    }

    #[test]
    fn questions_without_any_known_word_find_nothing() {
        for question in ["", "???", "zzzzqqq", "the of and", "\u{0}\u{feff}", &"x".repeat(100_000)] {
            assert_eq!(index().find(question, 5), Vec::<usize>::new(), "{question}");
        }
        assert!(index().find(&"server ".repeat(100_000), 5).len() <= 5);
    }

    #[test]
    fn questions_mean_each_word_once_and_few_that_are_unknown() {
        let index = index();
        assert_eq!(index.stems_of("secret secret SECRET"), index.stems_of("secret"));
        let unknown: Vec<_> = (0..UNKNOWN).map(|number| format!("zzzz{}", "q".repeat(number))).collect();
        assert!(!index.stems_of(&format!("{} netwroks", unknown[1..].join(" "))).is_empty());
        assert!(index.stems_of(&format!("{} netwroks", unknown.join(" "))).is_empty());
        assert_eq!(best(&format!("{} secret", unknown.join(" "))), "create-secret", "known words count all the same");
    }
}
