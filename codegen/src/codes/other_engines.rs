//! Rules of style for what other engines refuse or misread: control adapters, scripts, imports, aggregates and tunnels.

codes! {
    /// The file has more than one control adapter, or one that shares its port with another adapter. A control adapter
    /// can reload and inspect the whole capability, so one is enough. Callers of the capability must not reach it,
    /// which requires a port that a firewall can block.
    ///
    /// Keep one control adapter, with its own port. A generated server uses the first one.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: shop
    ///   port: 8080
    /// - type: control
    ///   port: 8080      # refused: the port of the routes
    ///   port: 9100
    /// ```
    ControlPort = 419, Error, "a control adapter does not have its own port";

    /// The address of the control adapter can be reached from other machines. Health and metrics reveal much about a
    /// system, and some controls change it. They have no authentication unless the file declares it. On this machine
    /// only, they are protected, and a proxy or a tunnel can give access to others.
    ///
    /// Write `localhost`, or remove `address`, which has the same effect. For a generated server, the operator sets the
    /// address with `--address`.
    ///
    /// ```yaml
    /// - type: control
    ///   address: 0.0.0.0      # reachable from all machines
    ///   address: localhost    # this machine only
    ///   port: 9100
    /// ```
    ControlAddress = 420, Warning, "a control adapter can be reached from other machines";

    /// A script step has no `language` or no `location`, and no control adapter has a default for it. The reference
    /// engine then does not know which interpreter to start, or which folder has the file, and fails when it reaches
    /// the step. Defaults for all scripts are `defaultLanguage` and `defaultLocation` under `management.scripting` of
    /// the control adapter.
    ///
    /// This compiler does not support scripts (NK0122); the rule is for files that other engines run.
    ///
    /// ```yaml
    /// steps:
    /// - name: pick
    ///   type: script
    ///   file: pick.js
    ///   language: javascript
    ///   location: file:///app/scripts
    /// ```
    ScriptDefaults = 421, Error, "a script has no language or no location";

    /// An entry has `import`, but names no file. It could be an import, or an entry of this file with an extra key.
    /// Engines read it as an entry of this file, and then everything else is missing in it.
    ///
    /// Name the file under `from`, relative to this file. Early versions of the format used `location`; under `binds`,
    /// that key says where values come from, so imports of binds always need `from`.
    ///
    /// ```yaml
    /// consumes:
    /// - import: shop                 # refused: no file
    /// - from: ./shared/shop.yaml
    ///   import: shop
    /// ```
    ImportSource = 422, Error, "an import does not name a file";

    /// An import names a file, but not the namespace in it. If the section of that file has exactly one entry, the
    /// compiler imports it (otherwise, it reports NK0116). That fails as soon as the shared file gets a second entry.
    /// Other engines refuse the import.
    ///
    /// Write the namespace under `import`. To use another name for it in this file, add `as`.
    ///
    /// ```yaml
    /// consumes:
    /// - from: ./shared/shop.yaml     # refused: no namespace
    /// - from: ./shared/shop.yaml
    ///   import: shop
    /// ```
    ImportName = 423, Error, "an import does not name a namespace";

    /// Two entries of one section have the same namespace, and at least one of them is imported. An imported entry has
    /// the name under `as`, or else the name in its own file. References cannot tell the two apart, so the order in the
    /// file decides which one they find.
    ///
    /// Give one of the imports another name with `as`. For consumed APIs, the compiler reports this as NK0209.
    ///
    /// ```yaml
    /// exposes:
    /// - from: ./a.yaml
    ///   import: tools
    /// - from: ./b.yaml
    ///   import: tools         # refused
    /// - from: ./b.yaml
    ///   import: tools
    ///   as: other-tools
    /// ```
    ImportAlias = 424, Error, "an import has a namespace that is already used";

    /// A file without `capability:` is for other files to import, but it imports from another file itself. In the
    /// format, imports have one level: capabilities import, and shared files do not, so that a reader has to open at
    /// most one other file. The reference engine skips such entries or refuses them. This compiler follows them, up to
    /// a limit and without cycles (NK0117), so the generated crate is right.
    ///
    /// For other engines, import both files from the capability.
    ///
    /// ```yaml
    /// # shared/shop.yaml
    /// consumes:
    /// - from: ./base.yaml      # refused
    ///   import: base
    /// ```
    ChainedImport = 425, Error, "a shared file imports another file";

    /// An adapter has no `namespace`. Other files import adapters by namespace, and arguments refer to inputs by it:
    /// `shop-rest.id` is an input of the adapter `shop-rest`. Without a namespace, only `rest.id` or `tools.id` work,
    /// and the adapter cannot be imported. An MCP server also introduces itself by its namespace.
    ///
    /// Add a namespace that no other entry has. Control adapters need none, because nothing refers to them.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: shop-rest
    ///   port: 8080
    /// ```
    AdapterNamespace = 426, Error, "an adapter has no namespace";

    /// An aggregate has no `namespace`. Routes and tools refer to a function as `namespace.function`, so nothing can
    /// refer to the functions of this aggregate, and no file can import it. In a mapping, the key of the aggregate is
    /// its namespace.
    ///
    /// Add a namespace. It may be equal to that of an API or adapter, but a unique one makes references easier to read.
    /// This compiler does not support aggregates yet (NK0120).
    ///
    /// ```yaml
    /// aggregates:
    /// - label: Weather
    ///   namespace: weather      # required for `ref: weather.get-forecast`
    ///   functions: []
    /// ```
    AggregateNamespace = 427, Error, "an aggregate has no namespace";

    /// Two functions of an aggregate have the same name. A `ref` to that name is ambiguous, and engines resolve it
    /// differently: the reference engine refuses to start. The diagnostic marks both functions.
    ///
    /// Rename one of the two, or remove it if it was copied by accident. Functions of different aggregates can have the
    /// same name, because references include the namespace.
    ///
    /// ```yaml
    /// functions:
    /// - name: get-forecast
    ///   description: For a city.
    /// - name: get-forecast          # refused
    ///   description: For coordinates.
    /// - name: get-forecast-at
    ///   description: For coordinates.
    /// ```
    FunctionName = 428, Error, "an aggregate has a duplicate function";

    /// The identity of a tunnel is a template with a variable that no bind declares. The identity is the key to a
    /// private network. Without the right one, the tunnel cannot be opened, and every request fails. Both `{{NAME}}`
    /// and `{{namespace.NAME}}` are looked up in all binds of the file. Variables of imported binds are not visible
    /// here, so they are trusted.
    ///
    /// Declare the variable. This compiler does not support tunnels (NK0132); the rule is for files that other engines
    /// run.
    ///
    /// ```yaml
    /// binds:
    /// - namespace: secrets
    ///   keys: {IDENTITY: ZITI_IDENTITY}
    /// # and in the API
    /// tunnel:
    ///   type: ziti
    ///   identity: '{{secrets.IDENTITY}}'
    /// ```
    TunnelIdentity = 429, Error, "the identity of a tunnel is an unknown variable";

    /// A tunnel has `fallback: direct`, and the base URI is not on this machine. If the tunnel cannot be opened,
    /// requests go to the same address over the public network, including credentials and without a message. If the
    /// name does not exist there, they fail in a confusing way; if it exists, another server may respond.
    ///
    /// Write `fallback: fail`, which is the default. A direct connection is useful for a test server on the machine of
    /// a developer.
    ///
    /// ```yaml
    /// baseUri: https://crm.internal
    /// tunnel:
    ///   type: ziti
    ///   service: crm
    ///   fallback: direct     # requests can bypass the tunnel
    ///   fallback: fail
    /// ```
    TunnelFallback = 430, Warning, "requests can bypass a tunnel";

    /// The base URI behind a tunnel ends like a public name, such as `.com`, `.net` or `.io`. That can be right,
    /// because a tunnel can use any name. But if the name also exists in public DNS, a missing or broken tunnel sends
    /// requests to another host with the same name, which may even have a valid certificate.
    ///
    /// Check that the name is resolved inside the tunnel. Names under a private domain, such as `.internal`, cannot be
    /// confused.
    ///
    /// ```yaml
    /// baseUri: https://crm.shop.com     # may be public, too
    /// baseUri: https://crm.internal
    /// tunnel: {type: ziti, service: crm}
    /// ```
    TunnelPublic = 431, Note, "the host behind a tunnel looks public";

    /// The capability consumes operations that no route or tool calls. Each one is still a method of the generated
    /// client, so nothing is wrong. But a capability that exposes a few of fifty operations is harder to review, and
    /// often a route was forgotten. One note for each API lists the first few names.
    ///
    /// The rule does not apply if nothing is exposed, if whole paths are forwarded, or if a call is inferred or in
    /// another file.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: shop          # operations: list-items, delete-item
    /// exposes:
    /// - type: mcp
    ///   tools:
    ///   - name: list_items
    ///     call: shop.list-items  # delete-item is never called
    /// ```
    UnusedOperation = 432, Note, "a consumed operation is never called";
}
