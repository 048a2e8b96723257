//! Which tools a question means: BM25 over what tools say of themselves, for people who do not spell as tools do.

use std::collections::{BTreeMap, BTreeSet};

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use super::words::{stem, verbs, words};

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

/// Tools by their words.
pub(super) struct Index {
    embedder: Embedder<u32, Stems>,
    scorer: Scorer<usize>,
    /// The words that occur, with their stems.
    known: BTreeMap<String, String>,
    stems: BTreeSet<String>,
    /// The stems of each tool's name.
    names: Vec<BTreeSet<String>>,
}

/// Texts that consist of stems already.
struct Stems;

impl Tokenizer for Stems {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }
}

impl Index {
    /// An index of tools, which are known by their numbers.
    pub(super) fn new<'t>(entries: impl Iterator<Item = Entry<'t>>) -> Self {
        let mut known = BTreeMap::new();
        let mut names = Vec::new();
        let mut texts = Vec::new();
        for entry in entries {
            let name: Vec<_> = words(entry.name);
            let mut all: Vec<_> = std::iter::repeat_n(&name, NAME_WEIGHT).flatten().cloned().collect();
            all.extend([entry.title, entry.description].into_iter().chain(entry.capability).flat_map(words));
            // Neighbours are also written as one word, or by their first letters.
            for pair in name.windows(2) {
                all.push(pair.concat());
                all.push(pair.iter().filter_map(|word| word.chars().next()).collect());
            }
            let stems: Vec<_> =
                all.into_iter().map(|word| known.entry(word).or_insert_with_key(|word| stem(word)).clone()).collect();
            texts.push(stems.join(" "));
            names.push(name.iter().map(|word| stem(word)).collect());
        }
        let references: Vec<_> = texts.iter().map(String::as_str).collect();
        let embedder = EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Stems, &references).build();
        let mut scorer = Scorer::new();
        for (number, text) in texts.iter().enumerate() {
            scorer.upsert(&number, embedder.embed(text));
        }
        let stems = known.values().cloned().collect();
        Self { embedder, scorer, known, stems, names }
    }

    /// The numbers of the tools that a question means, the best first.
    pub(super) fn find(&self, question: &str, limit: usize) -> Vec<usize> {
        let asked = self.stems_of(question);
        let query = self.embedder.embed(&asked.join(" "));
        let mut found: Vec<_> = self.scorer.matches(&query);
        let asked: BTreeSet<_> = asked.iter().map(String::as_str).collect();
        // A tool whose whole name is asked for comes before one of which it is a part.
        let covered = |number: usize| {
            let name = self.names.get(number)?;
            let said = name.iter().filter(|word| asked.contains(word.as_str())).count();
            Some(said as f32 / name.len().max(1) as f32)
        };
        for document in &mut found {
            document.score *= 1.0 + covered(document.id).unwrap_or_default();
        }
        found.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.id.cmp(&other.id)));
        found.into_iter().take(limit).map(|document| document.id).collect()
    }

    /// The stems that a question means.
    fn stems_of(&self, question: &str) -> Vec<String> {
        let mut stems = Vec::new();
        let mut asked: Vec<_> = words(question).into_iter().take(LONGEST).collect();
        // `back up` is a verb, and `backup` its noun.
        let pairs: Vec<_> = asked.windows(2).map(<[String]>::concat).collect();
        asked.extend(pairs.into_iter().filter(|pair| self.known.contains_key(pair) || verbs(pair).next().is_some()));
        let (mut seen, mut unknown) = (BTreeSet::new(), 0);
        for word in asked {
            if !seen.insert(word.clone()) {
                continue;
            }
            let own = stem(&word);
            stems.extend(verbs(&word).map(stem).filter(|verb| self.stems.contains(verb)));
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
    fn meant(&self, word: &str) -> Vec<String> {
        let length = word.chars().count();
        let begun = self.known.range(word.to_owned()..).take_while(|(known, _)| known.starts_with(word));
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
        let stems: BTreeSet<_> = meant.into_iter().take(MEANT).map(|(_, stem)| stem.clone()).collect();
        stems.into_iter().collect()
    }
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
