//! Files: whether they can be read, their shape, and what they import.

codes! {
    /// The operating system did not open a file or a folder, or the path does not exist. All other files are still
    /// checked. A file name that is not UTF-8 is reported with this code, too, because it cannot be shown or compared
    /// with paths in other files.
    ///
    /// Check the path and its permissions. This code and NK0002 are reported by the commands, before the compiler sees
    /// a file.
    ///
    /// ```sh
    /// ls -l spec/shop/items.yaml
    /// ```
    Unreadable = 1, Error, "a file cannot be read";

    /// A link, a folder, a pipe or a device has a name that ends in `.yaml` or `.yml`. Links are not followed: their
    /// target may be outside of the repository, and it can change without a change here. Reading a pipe or a device
    /// could block forever.
    ///
    /// Replace a link by the file itself, or rename the folder or device so that it does not look like a specification.
    ///
    /// ```sh
    /// cp --remove-destination ../shared/items.yaml spec/shop/items.yaml
    /// ```
    NotAFile = 2, Error, "a specification is not a regular file";

    /// The text does not follow the rules of YAML, so it has no values. Frequent causes are a tab in the indentation, a
    /// quote or bracket that is never closed, and text without quotes that contains `: ` or ` #`, or starts with one of
    /// `@ % & * !`. The position is where the parser stopped, which is often the line after the mistake: an unclosed
    /// quote, for example, is noticed only at the next quote or at the end of the file.
    ///
    /// The compiler does not guess here, because the same characters with another indentation are a different document.
    ///
    /// ```yaml
    /// description: Filter: by name     # a second `: ` on one line
    /// description: 'Filter: by name'   # with quotes, it is text
    /// ```
    Syntax = 101, Error, "the file is not valid YAML";

    /// A mapping has the same key twice. YAML requires unique keys, but many parsers silently keep the last one. Then
    /// half of the file has no effect, for example a second `inputParameters:` that was pasted further down. The
    /// compiler cannot know which of the two was meant, and the choice decides what is sent.
    ///
    /// The diagnostic marks both keys. Merge the two, or remove one.
    ///
    /// ```yaml
    /// operations:
    /// - name: list
    ///   method: GET
    /// - name: get
    ///   method: GET
    ///   method: HEAD   # refused: is it GET or HEAD?
    /// ```
    DuplicateKey = 102, Error, "a mapping has a duplicate key";

    /// Lists and mappings are nested more than a hundred levels deep. Real capabilities have about a dozen levels. Such
    /// a file is damaged, was written by a faulty program, or is an attack that exhausts the stack of its reader. The
    /// limit bounds the memory for any input.
    ///
    /// The limit cannot be changed. Find where the nesting starts, and write the structure with fewer levels. If an
    /// output really is that deep, map the part that callers need with a path instead of describing every level above
    /// it.
    ///
    /// ```yaml
    /// outputParameters:
    /// - type: string
    ///   mapping: $.a.b.c.d
    /// ```
    TooDeep = 103, Error, "values are nested too deeply";

    /// A line with `---` starts a second document in the file. A capability is one document: it becomes one crate,
    /// named after the file. Reading only the first document would silently drop the rest, so the file is refused. A
    /// single `---` at the top is fine, because it starts the first document.
    ///
    /// Move each document into a file of its own. Parts that two capabilities share can be in a third file, which both
    /// import.
    ///
    /// ```yaml
    /// naftiko: 1.0.0-alpha2
    /// capability: {}
    /// ---                    # refused: move this to another file
    /// naftiko: 1.0.0-alpha2
    /// capability: {}
    /// ```
    SeveralDocuments = 104, Error, "the file has several YAML documents";

    /// The file is YAML, but not a capability: it has no `capability:` section, and no version line with sections that
    /// other files could import. Nothing is generated from it. That is not an error, because folders of specifications
    /// often contain workflows, OpenAPI documents or settings as well.
    ///
    /// If the file should become a crate, add both keys below, without indentation. A file that has a version line and
    /// lacks only `capability:` is NK0112; a file with parts for other files is NK0115. Keep files of another kind in
    /// another folder.
    ///
    /// ```yaml
    /// naftiko: 1.0.0-alpha2
    /// capability:
    ///   consumes: []
    /// ```
    NotACapability = 105, Warning, "the file is not a Naftiko capability and is skipped";

    /// A value does not have the type that its key requires: a list instead of a mapping, text instead of `true` or
    /// `false`, or a number that is not a valid port. Where text is required, numbers and booleans are accepted as they
    /// are written, so `1.10` stays `1.10`.
    ///
    /// The most frequent cause is a template without quotes. In YAML, braces start a mapping, so `{{name}}` is a
    /// mapping inside a mapping. Put quotes around every value that starts with a brace; `cargo xtask lint --fix` does
    /// so.
    ///
    /// ```yaml
    /// authentication:
    ///   type: bearer
    ///   token: {{TOKEN}}     # a mapping
    ///   token: '{{TOKEN}}'   # a template
    /// ```
    WrongType = 106, Part, "a value has the wrong type";

    /// A key without a sensible default is missing: the `path` of a resource, the `namespace` of an API, the `name` of
    /// an operation, the `call` of a route or tool, or a part of a credential. The diagnostic marks the mapping that
    /// lacks the key.
    ///
    /// In a list, each member has its name under `name`. In a mapping, the key of the member is its name, and `name` is
    /// not needed. Mixing up the two forms is a common cause. Several outputs of one route need names, too, because
    /// they become members of one object.
    ///
    /// ```yaml
    /// resources:
    /// - path: /items        # a list
    ///   name: items
    /// resources:
    ///   items:              # a mapping: the key is the name
    ///     path: /items
    /// ```
    MissingKey = 107, Part, "a required key is missing";

    /// The file has a key that the format does not have at this position. The key is ignored, and everything else is
    /// read. The reference engine does the same without a message, so misspelled keys are easily overlooked there: with
    /// `inputParameter` instead of `inputParameters`, an operation has no parameters at all.
    ///
    /// If a known key is similar, the help names it, and `cargo xtask lint --fix` renames the key where the correction
    /// is certain. Keys from other versions of the format, or from other tools, do no harm; remove them to avoid the
    /// warning. The same key in many positions is reported once, with a count.
    ///
    /// ```yaml
    /// inputParameter: []    # ignored
    /// inputParameters: []   # read
    /// ```
    UnknownKey = 108, Warning, "an unknown key is ignored";

    /// The file uses a feature of the format that this compiler does not support and that has no code of its own.
    /// Examples are the fixed value of an input that refers to itself, an input that is no member of a body (`value: $[0]`), and
    /// a secret fixed value in a path.
    ///
    /// It is an error, because ignoring the feature would generate a crate that does something else than the file says.
    /// The help names an alternative; usually, that is to pass a whole value on.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: filter
    ///   in: body
    ///   value: '$[0]'     # refused: no member of the body
    /// - name: filter
    ///   in: body
    ///   value: '$.filter' # a member
    /// ```
    Unsupported = 109, Part, "a feature of the format is not supported yet";

    /// The version line names a version of the format that this compiler does not know, or there is no version line.
    /// The file is read like the known versions: members in lists or mappings, and old and new spellings of keys. The
    /// versions differ little in their meaning.
    ///
    /// Keys that a later version adds are reported as unknown (NK0108) and have no effect, so check for such warnings.
    /// Write the version for which the file was written, under `naftiko` or `ikanos`. The version of the capability
    /// itself goes into `info`.
    ///
    /// ```yaml
    /// naftiko: 1.0.0-alpha2
    /// ```
    UnknownVersion = 110, Warning, "the version of the format is not known";

    /// The capability has neither an API under `consumes` nor an adapter under `exposes`, or nothing is left of it
    /// because the files that it imports are missing. There is nothing to generate: no operations for a client, and
    /// nothing to serve. The format wants at least one of the two sections, and the reference engine does not start
    /// without an adapter.
    ///
    /// Often the sections have the wrong indentation: they are members of `capability`. A capability that only consumes
    /// becomes a client. One that only passes requests on, or only has an adapter for operators, becomes a server. A file
    /// that only shares parts with other files needs no `capability:` (NK0115).
    ///
    /// ```yaml
    /// capability:
    ///   consumes:
    ///   - namespace: shop
    ///     baseUri: https://shop.test
    ///     resources:
    ///     - path: /items
    ///       operations:
    ///       - name: list-items
    ///         method: GET
    /// ```
    NothingToGenerate = 111, Error, "there is nothing to generate";

    /// The file has a version line, so it should be a capability, but it has neither a `capability:` section nor
    /// sections that other files can import. An empty file is reported in the same way. Usually, `capability` is
    /// misspelled, indented by accident, or was lost in a merge.
    ///
    /// The file is not skipped like other YAML (NK0105), because that would remove the generated crate of an existing
    /// capability. Restore the section. If the file is not needed any more, delete it; the next run removes its crate.
    /// Remove the version line from a file of another kind.
    ///
    /// ```yaml
    /// naftiko: 1.0.0-alpha2
    /// capabilty:     # misspelled
    ///   consumes: []
    /// ```
    NoCapability = 112, Error, "the file has a version line but no capability";

    /// A single text is longer than one mebibyte, aliases (`*name`) expand to more than a million values, or there are more than
    /// 150,000 parameters, where those of a resource count for each of its operations. All are far beyond real capabilities. A few lines of aliases that contain each other can expand to billions of values.
    /// This is known as the billion laughs attack: the file is small, but its values do not fit into memory. The limits
    /// are checked before aliases are expanded.
    ///
    /// Ordinary anchors and aliases are fine. If this code is reported for a file written by hand, look for an anchor
    /// that contains an alias to a large part of the same file.
    ///
    /// ```yaml
    /// a: &a [x, x, x, x, x, x, x, x]
    /// b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
    /// c: &c [*b, *b, *b, *b, *b, *b, *b, *b]   # and so on
    /// ```
    TooLarge = 113, Error, "a value is too large";

    /// The bytes of the file are not UTF-8. All tools for the format expect UTF-8. For a file in Latin-1 or UTF-16, the
    /// compiler would have to guess the encoding, and a wrong guess changes names and descriptions that callers rely
    /// on. A byte order mark before UTF-8 text is fine and is ignored.
    ///
    /// Convert the file with an editor or on the command line, and check that accented letters are still correct.
    /// Output that was redirected to a file on Windows is a frequent source of UTF-16.
    ///
    /// ```sh
    /// iconv -f latin1 -t utf-8 old.yaml > new.yaml
    /// ```
    NotUtf8 = 114, Error, "the file is not UTF-8 text";

    /// The file has a version line and sections such as `consumes`, `exposes`, `aggregates` or `binds` at its root, but
    /// no `capability:`. Its parts can be imported by capabilities. No crate is generated from it, and nothing is
    /// wrong. Its content is checked where it is imported; those diagnostics name this file.
    ///
    /// If the file should be a capability, move the sections under `capability:`.
    ///
    /// ```yaml
    /// # shared/shop.yaml
    /// naftiko: 1.0.0-alpha2
    /// consumes:
    /// - namespace: shop
    ///   baseUri: https://shop.test
    ///
    /// # capability.yaml
    /// capability:
    ///   consumes:
    ///   - location: ./shared/shop.yaml
    ///     import: shop
    /// ```
    SharedPart = 115, Note, "the file has parts that capabilities import";

    /// An entry of `consumes` imports from a file that does not exist among the sources. `from` (formerly `location`) names the
    /// file, `import` the namespace in it, and `as` another name for it in this file. Imports of other sections, and imports of
    /// what an existing file does not have, are errors (NK0145): they are mistakes, while a missing file of `consumes` is often
    /// one that was published apart from the others.
    ///
    /// Paths are relative to the file that imports, and cannot lead out of the given sources, so that a build does not
    /// depend on the machine. Under `binds`, `location` says where values come from, so only `from` imports there.
    ///
    /// The import is left out, together with every route and tool that calls it (NK0118); the rest is generated. If no
    /// operation remains, that is an error (NK0111).
    ///
    /// ```yaml
    /// consumes:
    /// - from: ./shared/shop.yaml
    ///   import: shop
    ///   as: store
    /// ```
    BrokenImport = 116, Warning, "a file to import from is missing, and the import is left out";

    /// The imports of a file lead back to the file itself, directly or through other files. In a cycle, no definition
    /// is the first one, so nothing can be resolved. Chains of more than sixteen files are reported with the same code.
    ///
    /// Move what the files share into another file that imports neither of them. To use an entry of the same file under
    /// a second name, write it twice with different namespaces instead of importing it.
    ///
    /// ```yaml
    /// # a.yaml
    /// consumes:
    /// - from: ./b.yaml
    ///   import: shop
    /// # b.yaml
    /// consumes:
    /// - from: ./a.yaml    # back to the first file
    ///   import: shop
    /// ```
    ImportCycle = 117, Error, "files import each other in a cycle";

    /// A route or tool calls an operation of a namespace whose import could not be resolved (NK0116). There is no
    /// operation to call, so the route or tool is not generated. The diagnostic marks the first such call and says how
    /// many there are.
    ///
    /// The generated crate works, but has fewer routes and tools than the file declares. Add the missing file and
    /// generate again, or remove the import and the calls if they are not needed any more.
    LeftOutCall = 118, Warning, "a call to a broken import is left out";

    /// A route or tool has no `call`, no steps and no fixed outputs, and no operation fits its name, method and path.
    /// It could do nothing. The format allows this, and the reference engine returns 404 for such a route. Here the
    /// route or tool is not generated, so that clients do not see a tool that cannot work. Under `ikanos:` a tool
    /// without outputs answers `{}`, as in the reference engine.
    ///
    /// Usually the call was forgotten, or its key is misspelled. Add it, or remove the route or tool.
    ///
    /// ```yaml
    /// tools:
    /// - name: get-item
    ///   description: Gets an item.
    ///   call: shop.get-item     # without this line, the tool is left out
    /// ```
    CallsNothing = 119, Warning, "a route or tool without a call is left out";
}
