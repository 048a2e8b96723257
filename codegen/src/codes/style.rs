//! Rules of style, which `cargo xtask lint` applies: namespaces, addresses, authentication and descriptions.

codes! {
    /// Two of the consumed APIs, adapters and binds of a file have the same namespace. References to all of them use
    /// it: `shop.list` in a call, `shop.id` under `with`, `{{shop.TOKEN}}` in a template. The compiler can tell them
    /// apart by their position, but readers cannot, and other tools for the format refuse the file.
    ///
    /// Two consumed APIs with one namespace are NK0209, and conflicting imports are NK0424. Rename one of the two, for
    /// example by adding the protocol to the namespace of an adapter.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: shop
    /// exposes:
    /// - type: rest
    ///   namespace: shop         # also the namespace of the API
    ///   namespace: shop-rest
    /// ```
    ReusedNamespace = 401, Error, "a namespace is used twice";

    /// The base URI of a consumed API ends with a slash, but paths start with one. Joined without a change, they
    /// contain `//`, which many servers read as another path. This compiler removes the slash, so its requests are
    /// right. The reference engine refuses to start the file, and other tools send both slashes.
    ///
    /// Remove the slash at the end of `baseUri`; `cargo xtask lint --fix` does so.
    ///
    /// ```yaml
    /// baseUri: https://api.shop.test/v1/    # with `/items`: /v1//items in other tools
    /// baseUri: https://api.shop.test/v1
    /// ```
    BaseUriSlash = 402, Warning, "a base URI ends with a slash";

    /// The path of a route ends with a slash. In HTTP, `/items` and `/items/` are different paths, and routes match
    /// exactly, so callers who omit the slash get 404. Most callers omit it, like documentation and generated clients.
    ///
    /// Remove the slash. The path `/` alone is fine, because the root cannot be written in another way. The rule does
    /// not apply to consumed operations, whose paths the upstream defines.
    ///
    /// ```yaml
    /// resources:
    /// - path: /items/     # GET /items is not found
    /// - path: /items
    /// ```
    RouteSlash = 403, Warning, "the path of a route ends with a slash";

    /// The address of an adapter is `example.com` or another name that is reserved for documentation (RFC 2606 §3). No
    /// server can listen there; it was copied from a template and never replaced. Generated servers get their address
    /// on the command line, so it has no effect on them (NK0137), but other engines use it.
    ///
    /// Remove `address`, or write where the adapter should listen.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: shop
    ///   address: api.example.com    # an example
    ///   address: localhost
    /// ```
    ExampleAddress = 404, Warning, "the address of an adapter is an example";

    /// The base URI of a consumed API is at `example.com`, `example.net` or `example.org`, or below one of them. These
    /// names are reserved for documentation (RFC 2606 §3) and have no APIs: every request of the generated client would
    /// fail, or send the credential to the wrong host.
    ///
    /// Write the address of the API. If it differs between users, remove `baseUri`, so that it must be configured
    /// (NK0303). For tests, use a name that ends in `.test`.
    ///
    /// ```yaml
    /// baseUri: https://api.example.com    # an example
    /// baseUri: https://api.shop.com
    /// ```
    ExampleBaseUri = 405, Warning, "a base URI is an example";

    /// A function of an aggregate has no description. Routes and tools that refer to the function inherit its
    /// description, so several of them lack one. Models choose tools by their descriptions more than by their names,
    /// and readers of the file have no other explanation of the function.
    ///
    /// Write a sentence about what the function does and returns. Later versions of the format call functions flows;
    /// the rule applies to both.
    ///
    /// ```yaml
    /// aggregates:
    /// - namespace: weather
    ///   functions:
    ///   - name: get-forecast
    ///     description: The forecast of the next five days for a city.
    /// ```
    FunctionDescription = 406, Warning, "a function of an aggregate has no description";

    /// The `semantics` of a function contradict the tool or route that exposes it: a safe function in a tool that is
    /// not `readOnly`, or in a route with DELETE; a function that is not safe in a route with GET; an idempotent one in
    /// a route with POST. Clients and proxies rely on these properties: they repeat idempotent requests, cache safe
    /// ones, and ask users before others (RFC 9110 §9.2).
    ///
    /// Correct the semantics or the adapter. Remove hints that only repeat the semantics.
    ///
    /// ```yaml
    /// functions:
    /// - name: get-forecast
    ///   semantics: {safe: true}
    /// tools:
    /// - ref: weather.get-forecast
    ///   hints: {readOnly: false}     # contradicts `safe`
    /// ```
    SemanticsContradiction = 407, Warning, "an adapter contradicts the semantics of a function";

    /// An MCP adapter that uses standard input and output has `authentication`. The client starts the process itself
    /// and controls both ends. There are no headers for a token, and according to the protocol, such servers take
    /// credentials from their environment. The section has no effect, but readers may believe that the adapter is
    /// protected.
    ///
    /// Remove the section, or use `transport: http` if other clients should connect.
    ///
    /// ```yaml
    /// exposes:
    /// - type: mcp
    ///   namespace: shop
    ///   transport: stdio
    ///   authentication: {type: bearer, token: '{{TOKEN}}'}   # never checked
    /// ```
    StdioAuthentication = 408, Warning, "authentication has no effect without HTTP";

    /// The adapter accepts tokens of an authorization server whose address does not start with `https://`. The keys
    /// that check signatures are loaded from there. An attacker who can change that traffic can replace the keys and
    /// then issue any token, so OAuth requires TLS (RFC 6749 §3.1, RFC 8414 §2).
    ///
    /// Write the https address. For a server on the same machine, such as in tests, the diagnostic can be ignored; keep
    /// such files separate from those that are deployed. The compiler refuses other addresses without https (NK0128).
    /// The value of a template is checked when the server starts.
    ///
    /// ```yaml
    /// authentication:
    ///   type: oauth2
    ///   authorizationServerUri: http://login.shop.test    # refused by clients
    ///   authorizationServerUri: https://login.shop.test
    /// ```
    InsecureIssuer = 409, Error, "an authorization server does not use https";

    /// The `resource` of OAuth authentication is not an https address. It names the server for which tokens are issued,
    /// and clients compare it with the address that they use (RFC 8707, RFC 9728). Without TLS, tokens are sent
    /// unencrypted and can be stolen and used until they expire.
    ///
    /// Write the address that clients use, which may be that of a proxy in front of the server. Templates are not
    /// checked.
    ///
    /// ```yaml
    /// authentication:
    ///   type: oauth2
    ///   resource: http://shop.test/mcp
    ///   resource: https://shop.test/mcp
    /// ```
    InsecureResource = 410, Warning, "an OAuth resource does not use https";

    /// OAuth authentication has no `scopes`. A client that is rejected learns from the response which scopes to
    /// request. Without any, it requests no scope or all of them. Then tokens have more rights than needed, and a
    /// stolen token does more harm.
    ///
    /// List the scopes that callers need. One scope for reading and one for all other operations is a good start. Every
    /// token must have the listed scopes.
    ///
    /// ```yaml
    /// authentication:
    ///   type: oauth2
    ///   authorizationServerUri: https://login.shop.test
    ///   resource: https://shop.test/mcp
    ///   scopes: [items.read]
    /// ```
    MissingScopes = 411, Warning, "OAuth authentication has no scopes";

    /// `info` has no `tags`, or an empty list. Catalogs of capabilities group and find them by tags; without tags, this
    /// one appears under no subject. The generated crate does not depend on tags, so this is a note.
    ///
    /// Two or three words are enough: the provider and the subject. Use the tags of related files, because a tag that
    /// occurs once groups nothing.
    ///
    /// ```yaml
    /// info:
    ///   label: Shop items
    ///   description: Items of a shop, and their prices.
    ///   tags:
    ///   - Shop
    ///   - Items
    /// ```
    MissingTags = 412, Note, "the capability has no tags";

    /// An entry of `consumes` has no `description`. The namespace is the name of the API in this file, but does not say
    /// who provides it, which part of it is used, or where its documentation is. Reviewers have to deduce that from
    /// paths.
    ///
    /// One sentence is enough. The rule does not apply to imports: their description belongs to the entry in the other
    /// file.
    ///
    /// ```yaml
    /// consumes:
    /// - type: http
    ///   namespace: shop
    ///   description: The public API of the shop, version 2; see https://docs.shop.test.
    ///   baseUri: https://api.shop.test
    /// ```
    ApiDescription = 413, Warning, "a consumed API has no description";

    /// A resource of a REST adapter has no `description`. A resource groups the operations of one path. Its description
    /// explains the thing at that path, so that the operations need not repeat it. Catalogs and exporters to OpenAPI
    /// show it as a heading.
    ///
    /// Write a sentence about the thing, not about the methods. Many missing descriptions are reported once, at the
    /// first resource, with a count.
    ///
    /// ```yaml
    /// resources:
    /// - path: /items/{id}
    ///   description: One item of the shop, with its price.
    ///   operations: []
    /// ```
    ResourceDescription = 414, Warning, "an exposed resource has no description";

    /// An operation of a REST adapter has no `description`. Its documentation comment and its entry in an exported API
    /// description are empty, so callers only see the method and the path. It is a note, because for simple reads these
    /// are often sufficient.
    ///
    /// Describe what changes, and what the caller gets. An operation that refers to a function with `ref` has the
    /// description of the function. Many missing descriptions are reported once, with a count.
    ///
    /// ```yaml
    /// operations:
    /// - method: PATCH
    ///   call: shop.update-item
    ///   description: Changes the given fields of an item and returns the whole item.
    /// ```
    OperationDescription = 415, Note, "an exposed operation has no description";

    /// The name of a step has characters other than letters, digits, `-` and `_`. Later steps and mappings refer to a
    /// step by name, as in `{{get-item.name}}` or `$.get-item.name`. A blank or dot in the name ends the reference
    /// early, so the value is not found, and the reference engine inserts nothing without a message.
    ///
    /// Rename the step and the references to it.
    ///
    /// ```yaml
    /// steps:
    /// - name: get item      # references cannot use it
    ///   type: call
    ///   call: shop.get-item
    /// - name: get-item
    ///   type: call
    ///   call: shop.get-item
    /// ```
    StepName = 416, Warning, "the name of a step cannot be used in references";

    /// A description, label or title contains `<script`. These texts are shown in catalogs, in documentation and in MCP
    /// clients. A page that inserts them without escaping runs the script with the rights of its reader, which is known
    /// as stored cross-site scripting. Capabilities are copied between repositories, and not every copy is reviewed.
    ///
    /// A description does not need a script. If the tag is the subject, describe it in words.
    ///
    /// ```yaml
    /// description: Adds a <script> tag to the page.    # refused
    /// description: Adds a script tag to the page.
    /// ```
    ScriptTag = 417, Error, "a description contains a script tag";

    /// A description, label or title contains a call of `eval`. Tools that render such texts with a template language,
    /// or insert them into JavaScript, may run the call, and a model may read it as an instruction. Like in the rules
    /// of the reference engine, it is an error, because a description does not need it.
    ///
    /// Only the whole word matches: `retrieval(s)` is fine. Describe the operation in words.
    ///
    /// ```yaml
    /// description: The result of eval(input).    # refused
    /// description: The result of the expression.
    /// ```
    EvalCall = 418, Error, "a description contains a call of eval";
}
