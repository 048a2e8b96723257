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
    /// it is an error. The only section is `defaults`.
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
}
