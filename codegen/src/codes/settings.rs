//! Settings: `naftiko.toml`, beside capabilities or in a folder above them.

codes! {
    /// A `naftiko.toml` is not TOML. Of the files in the folder of a capability and in the folders above, the nearest has the
    /// settings of the capability, and none of the others counts. An empty file is valid.
    ///
    /// ```toml
    /// [defaults]
    /// region = SHOP_REGION   # "SHOP_REGION"
    /// ```
    SettingsSyntax = 601, Error, "a file of settings is not TOML";

    /// A `naftiko.toml` has a section that does not exist. A misspelt section would have no effect, and no one would see it, so
    /// it is an error. The sections are `defaults` and `diagnostics`.
    ///
    /// ```toml
    /// [default]   # [defaults]
    /// region = "SHOP_REGION"
    /// ```
    SettingsKey = 602, Error, "a section of settings is unknown";

    /// A default names the environment variable that has the value, as text; it is never the value itself. In a `naftiko.toml`
    /// that is the text under the name of an input, and in a companion the `env` of `x-naftiko-default`.
    ///
    /// ```toml
    /// [defaults]
    /// region = "SHOP_REGION"
    /// ```
    ///
    /// ```yaml
    /// - name: region
    ///   in: path
    ///   x-naftiko-default: {env: SHOP_REGION}
    /// ```
    SettingsValue = 603, Error, "a default does not name an environment variable";

    /// `allow` in the section `diagnostics` of a `naftiko.toml` lists errors for which a route, tool, operation or another part is
    /// left out, instead of refusing the file; each is then a warning that says what is left out. It does the same as
    /// `--allow` of `cargo xtask gen`. Only an error about one part can be allowed: without a part, nothing could be left out.
    ///
    /// ```toml
    /// [diagnostics]
    /// allow = ["NK0201", "NK0101"]   # NK0101 cannot be allowed: the file is not YAML
    /// ```
    AllowedCode = 604, Error, "a code that is to be allowed cannot be";

    /// `groups` in a `naftiko.toml` names capabilities that one crate has, with a client and a server for all of them: by the name of
    /// that crate, a list of their files below `spec`, without the ending. An empty list leaves out the
    /// crate that the capabilities of a folder have otherwise. A name is there once, in one file.
    ///
    /// ```toml
    /// [groups]
    /// shop = ["shop/orders", "shop/ordres"]   # spec/shop/orders.yaml, and no such file
    /// ```
    GroupSettings = 605, Error, "a group cannot be made of what its settings say";

    /// Two capabilities of a group in a `naftiko.toml` have routes that take the same requests, or resources with the same URI. On one
    /// port only one of them could be served. Tools and prompts of the same name are no conflict: they get the name of their
    /// capability before their own.
    ///
    /// ```yaml
    /// # spec/shop/orders.yaml                     # spec/shop/parcels.yaml
    /// - path: /v1/{order}                          - path: /v1/{parcel}
    ///   operations: [{method: GET, ...}]            operations: [{method: GET, ...}]
    /// ```
    GroupConflict = 606, Error, "two capabilities of a group have what only one can have";

    /// The same for capabilities that are a group because they are in one folder: two of them have routes that take the same
    /// requests, or resources with the same URI. They get no crate of their group, and each has its own as ever. Change one of
    /// the two, or leave the group out with an empty list.
    ///
    /// ```toml
    /// [groups]
    /// shop = []
    /// ```
    FolderConflict = 607, Warning, "the capabilities of a folder cannot be one group";
}
