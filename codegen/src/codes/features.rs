//! Features of the format that are not supported, or only in part.

codes! {
    /// A step has a type that this compiler does not know. It knows `call`, which calls an operation, `lookup`, which
    /// searches a list that an earlier step returned, `script`, which runs a program, and `transform`, which the application
    /// takes (NK0158). Leaving the step out would return something else than the file promises, so the route or tool is
    /// refused.
    ///
    /// `forEach` and `condition` of a step are one reference, such as `{{step.items}}`. Refused are `forEach` of a step that
    /// calls nothing, and what compares or joins values: a script can compute them. A condition about `{{item}}` is refused
    /// as well, because it is open what the output of the step would be; select the elements by a path instead, such as
    /// `$.step.items[?@.open == true]`.
    ///
    /// Use the known types, or combine the operations in Rust: every operation is a method of the generated client, with
    /// checked types and with errors that end the sequence.
    ///
    /// ```yaml
    /// steps:
    ///   item:
    ///     type: call
    ///     call: shop.get-item
    ///   wait:
    ///     type: pause            # refused
    /// ```
    Steps = 121, Part, "a step is not supported";

    /// A step of type `script` names files that cannot be used. The text of the script and of its dependencies is embedded
    /// in the crate, so that they must be there when it is generated: text files below the `location` of the step, or below
    /// `defaultLocation` under `management.scripting` of the control adapter. Paths that leave that folder are refused. The
    /// language is `javascript`, `python` or `groovy`, from the step or from `defaultLanguage`.
    ///
    /// A location is a path relative to the file that contains it. An absolute one is a folder of the machine on which
    /// another engine runs, such as `file:///app/scripts`; the folder with the same end of the path, beside the file, is
    /// taken for it.
    ///
    /// ```yaml
    /// steps:
    ///   pick:
    ///     type: script
    ///     language: javascript
    ///     location: file:///./scripts
    ///     file: pick.js              # refused if ./scripts/pick.js is missing
    ///     dependencies: [lib/dates.js]
    /// ```
    Scripts = 122, Part, "a script cannot be used";

    /// A route or tool has `outputParameters`, and the responses that they map cannot be read: the `outputRawFormat` is
    /// no format, or what it needs is missing. Protobuf needs an `outputSchema`, the path of a file with the schema, relative
    /// to the file that names it. Avro without it is a file of Avro data, which has its schema in it.
    ///
    /// Without `outputParameters`, the response is passed on byte for byte, whatever its format.
    ///
    /// ```yaml
    /// outputRawFormat: toml
    /// # in the route or tool
    /// outputParameters:      # refused
    /// - type: object
    ///   mapping: $.
    /// ```
    OutputFormat = 124, Part, "responses in this format cannot be mapped";

    /// A part of a `skill` adapter is left out, and the rest is served:
    ///
    /// - An adapter without `skills` is left out. Early drafts of the format had `groups` or `tools` in their place.
    /// - A skill is served without its files, if its `location` is an absolute path and no folder beside the capability has the
    ///   same end of the path. Files of skills are embedded in the crate, so that they must be there when it is generated.
    /// - A skill whose name has upper-case letters, or is longer than 64 characters, is not offered over MCP: the extension
    ///   for skills has no such names.
    ///
    /// ```yaml
    /// exposes:
    /// - type: skill
    ///   namespace: shop-skills
    ///   port: 9080
    ///   skills:
    ///     refunds:
    ///       description: How to refund an order
    ///       location: file:///opt/shop/skills/refunds   # ./skills/refunds, or ./refunds, or none
    /// ```
    SkillAdapter = 125, Warning, "a part of a skill adapter is left out";

    /// A `control` adapter is a port for operators. Generated servers have `/health/live` and `/health/ready` there,
    /// `/status` with `info: true`, and `/metrics`. Other settings exist only in the reference engine:
    /// reloading and validating the file, and log levels. To export traces, build the crate with the feature `otlp` and
    /// set `OTEL_EXPORTER_OTLP_ENDPOINT`.
    ///
    /// The file does not have to be changed; other engines can still use the section.
    ///
    /// ```yaml
    /// exposes:
    /// - type: control
    ///   port: 9100
    ///   management:
    ///     health: true
    ///     reload: true     # ignored
    /// ```
    ControlAdapter = 126, Warning, "a part of the control adapter is ignored";

    /// The type of an adapter is unknown, such as `grpc`, `webhook` or `http`. Supported are `rest` (called `api` in
    /// early versions), `mcp` and `control`. Without a type, an adapter with `tools` or `prompts` is read as `mcp`, and
    /// one with `resources` as `rest`.
    ///
    /// The adapter is left out, and the rest of the capability is generated, always including the client. If the
    /// adapter describes paths and methods, its type should be `rest`.
    ///
    /// ```yaml
    /// exposes:
    /// - type: http        # left out
    /// - type: rest        # the same adapter with the right type
    ///   namespace: shop
    ///   port: 8080
    /// ```
    UnknownAdapter = 127, Warning, "an adapter of an unknown type is left out";

    /// The adapter requires authentication that generated servers cannot check, such as a signature, a credential in
    /// a cookie or a body, or access tokens with unsupported settings. Without the check, the server would be open: it
    /// has the credential of the API, and would use it for everyone who can reach the port. A warning is not enough,
    /// because warnings about a working server are rarely read.
    ///
    /// Supported are `bearer`, `basic`, `digest`, `apikey` in a header or the query, and `oauth2`. Browsers send cookies for any
    /// page that makes a request. A key in the query may appear in the logs of every proxy on the way; the server itself takes
    /// it out of requests once it is checked, and logs no queries. Each adapter has its own authentication, except those that
    /// are served together (NK0312): these must have the same.
    ///
    /// For `oauth2`, the server checks signed tokens (JWTs) itself and only loads the keys from the authorization
    /// server. With `tokenValidation: introspection` it asks that server about each token instead, and authenticates there with
    /// `clientId` and `clientSecret`, or else with the environment variables `INTROSPECTION_CLIENT_ID` and
    /// `INTROSPECTION_CLIENT_SECRET`. Both happen over https or on this machine, because access to that connection would
    /// allow forging tokens. `resource` is the https address of the
    /// server as clients know it; clients find a document next to it (RFC 9728). A scope is one word. `offline_access`
    /// is not allowed, because it concerns only the client and the authorization server.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: shop
    ///   port: 8080
    ///   authentication:
    ///     type: apikey
    ///     key: X-API-Key
    ///     value: '{{SHOP_KEY}}'
    ///     placement: cookie    # refused; `header` and `query` are supported
    /// - type: mcp
    ///   namespace: shop-tools
    ///   authentication:
    ///     type: oauth2
    ///     authorizationServerUri: https://login.shop.test
    ///     resource: https://shop.test/mcp
    ///     scopes: [orders:read]
    /// ```
    InboundAuthentication = 128, Part, "authentication of callers is not supported";

    /// The consumed API has a `tunnel`: its requests go through a private overlay network, with an identity of its own.
    /// Generated clients open ordinary connections. Requests to the base URI of the file could leave for the public
    /// network, so it is no default: the operator must set the base URI, as with NK0303, or the server does not start and
    /// the client cannot be built. The identity and the other keys of the section have no effect.
    ///
    /// Run the agent of the tunnel on the machine, and set the base URI to where it takes requests: an address of this
    /// machine, or the name itself if the agent resolves it.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: crm
    ///   baseUri: https://crm.internal
    ///   tunnel:              # the base URI must be configured
    ///     type: ziti
    ///     service: crm-api
    /// ```
    Tunnel = 132, Warning, "the end of a tunnel must be configured";

    /// The client does not support the kind of authentication in the file. Supported are `bearer`, `basic`, `digest`, `oauth2`,
    /// `sigv4`, and `apikey` in a header, the query, a cookie, or a body with members. The name and location of a key are written
    /// as `key` with `placement`, or `name` with `in`; several keys as a mapping under `headers`, or as `parameters` of
    /// the query.
    ///
    /// `oauth2` gets tokens from `tokenEndpoint` with `clientId` and `clientSecret`: by the grant `client-credentials`, or with a
    /// `refreshToken` by `refresh-token`. Without any of these keys the client sends a token that it is given (NK0210); with some of
    /// them, the `tokenEndpoint` is missing.
    ///
    /// `sigv4` signs requests to AWS with `accessKeyId` and `secretAccessKey`, for a `region` and a `service`; temporary keys have
    /// a `sessionToken` too.
    ///
    /// Not supported are other grants, client certificates, keys in the path, and keys in the body of a method without one.
    /// Requests without the credential would be rejected. If the API also accepts an existing token, use `bearer`. Kinds such as
    /// `hmac` and `oauth1`, and `custom` for all others, are left to a `Signer` of the application (NK0162).
    ///
    /// ```yaml
    /// authentication:
    ///   type: bearer
    ///   token: '{{ACCESS_TOKEN}}'
    /// ```
    CredentialKind = 133, Part, "this kind of authentication is not supported";

    /// The `body` of a consumed operation has a format that is not supported. Supported are `json`, `formUrlEncoded`,
    /// `multipartForm`, `text`, `xml`, `sparql` and `binary`, and media types that are one of these, but not CBOR, YAML and
    /// others. The same code is reported if the data does not fit the format, such as a list for a form.
    ///
    /// Placeholders in the template become parameters of the operation. In JSON, a member whose whole value is a
    /// placeholder is left out if the caller omits the value; a placeholder inside text is inserted as escaped text. Values in
    /// forms, XML and strings of SPARQL are escaped, too. In `text`, and in SPARQL outside of strings, values are inserted
    /// unchanged, so a caller can change the whole body: do not let untrusted callers fill in a query.
    ///
    /// ```yaml
    /// body:
    ///   type: json
    ///   data:
    ///     name: '{{name}}'
    ///     note: 'ordered by {{user}}'
    /// ```
    BodyFormat = 134, Part, "a body in this format is not supported";

    /// The type of a `consumes` entry is not `http`. Generated clients speak HTTP only. An API over another protocol,
    /// such as a database, a queue or an MCP server, needs a client with other operations, arguments and errors.
    ///
    /// Without a type, `http` is assumed. If the API does speak HTTP and the type is only its style or vendor, such as
    /// `rest`, write `http`. Otherwise, remove the entry; the rest of the capability can be generated if nothing calls
    /// it.
    ///
    /// ```yaml
    /// consumes:
    /// - type: rest      # refused
    /// - type: http      # supported
    ///   namespace: shop
    /// ```
    ConsumedType = 136, Part, "an API of this type is not supported";

    /// The adapter has an `address`, which has no effect: a generated server listens on this machine only (127.0.0.1),
    /// unless it is started with `--address`. The operator decides where a server can be reached. A file that many
    /// people use must not open a port to the network for all of them, because the server has a credential.
    ///
    /// The port in the file is the default port. Remove the address, or keep it for other engines.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: shop
    ///   address: 0.0.0.0    # has no effect; start the server with --address
    ///   port: 8080
    /// ```
    AddressIgnored = 137, Warning, "the address of an adapter has no effect";

    /// A bind has a `location` that is no file, such as the URI of a vault. Generated programs read values from the environment
    /// and from files; every kind of vault has a protocol and a credential of its own. Reading the values from elsewhere in
    /// silence would be worse than not to start.
    ///
    /// Most secret stores can write files or set environment variables for a process. Bind these: without `location`, the keys
    /// are environment variables, and with `file:///./secrets.yaml` they are keys of a file. If the error is allowed, the bind is
    /// left out, and its variables are read from environment variables of their names.
    ///
    /// ```yaml
    /// binds:
    /// - namespace: secrets
    ///   location: vault://shop
    ///   keys:
    ///     SHOP_TOKEN: prod/shop#token
    /// ```
    BindSource = 138, Part, "values cannot be read from this location";

    /// Besides its type, a parameter can have constraints: `enum`, `pattern`, `format`, `minimum`, `maximum`,
    /// `minLength`, `maxLength` and `maxItems`, as in JSON Schema. They are checked before a request is sent, and are
    /// part of the schemas of tools and of the OpenAPI document. This one cannot be checked: its pattern is not a
    /// regular expression or uses look-around, its format is unknown, or its limit is not a number.
    ///
    /// The supported formats are `uuid`, `date`, `date-time` and `email`. Other constraints are left to the upstream.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: day
    ///   in: query
    ///   type: string
    ///   pattern: '^(?=2)'     # left out: use `^2`
    /// ```
    UnclearRule = 139, Warning, "a constraint on a parameter is left out";

    /// The content of a resource is the response of a call or a file. The messages of a prompt are under `template`, or
    /// its text is in the file at `location`. This resource or prompt has both, and the compiler cannot know which one
    /// clients should get.
    ///
    /// Remove one of the two. To offer both, write two resources or prompts with different names and URIs.
    ///
    /// ```yaml
    /// resources:
    /// - name: catalog
    ///   uri: shop://catalog
    ///   call: shop.list-items          # this one
    ///   location: file:///./items.md   # or this one
    /// ```
    SeveralSources = 140, Part, "a resource or prompt has two sources";

    /// A message of a prompt has the role `user` or `assistant`; MCP has no other roles in prompts. There is no
    /// `system` role, because a server does not decide the general behavior of a model. Clients would reject the whole
    /// prompt.
    ///
    /// Put instructions into the first message of the user. Use the role `assistant` for an example of a good response.
    ///
    /// ```yaml
    /// template:
    /// - role: system                    # refused
    ///   content: Be brief.
    /// - role: user                      # the same for all clients
    ///   content: 'Be brief. Compare {{first}} with {{second}}.'
    /// ```
    UnknownRole = 141, Part, "a message of a prompt has an unknown role";

    /// The format has a meaning for this key, but here it has none, and the message says what happens instead:
    ///
    /// - `maxBinarySize` and `outputMediaType` of an operation without `outputRawFormat: binary`: its responses are read
    ///   or passed on as the upstream sends them, within the limit of the operator.
    /// - `responses` of a REST operation without a media type that is `binary: true`: callers get the response of the
    ///   upstream, or the declared outputs.
    /// - `outputParameters` over an operation with `outputRawFormat: binary`: bytes cannot be mapped and are passed on,
    ///   as the reference engine does.
    /// - `const` beside `mapping` in an output: the mapping counts.
    /// - a template or a path as the fixed `value` of an output beside `call`: it is text.
    /// - a `maxLength` of an output that is not a whole number.
    /// - `steps` beside a `call` of a route or tool, and both or `mappings` beside `ref`: the first one is called.
    /// - a placeholder of an operation to which none of its callers gives a value: it is left out.
    /// - `mapping` and `value` in a lookup, which returns members under their own names.
    /// - an empty bearer token: requests have no credential.
    /// - an `outputRawFormat` that cannot be read, if no route or tool maps the responses: they are passed on as they
    ///   come.
    ///
    /// Remove the key, or change what the message names.
    ///
    /// ```yaml
    /// operations:
    /// - name: get-image
    ///   outputRawFormat: json
    ///   maxBinarySize: 5MiB      # no effect
    /// ```
    NoEffect = 142, Warning, "a setting has no effect, or less than it seems";

    /// The reference engine gives a placeholder with the name `path` in a route the whole rest of the path, slashes
    /// included, wherever it is. Here it takes the rest at the end of the path only. Elsewhere it is one segment like
    /// any other placeholder, and a request with more segments is a 404.
    ///
    /// If callers send one segment, nothing has to be done. To take several, move the placeholder to the end of the
    /// path. The value is then checked for dot segments, and is sent with its slashes if the operation takes several.
    ///
    /// ```yaml
    /// resources:
    /// - path: /files/{path}/text # /files/a/text, but not /files/a/b/text
    /// - path: /files/{path}      # /files/a and /files/a/b
    /// ```
    OneSegment = 144, Warning, "a placeholder is one segment, unlike in the reference engine";

    /// An import names a namespace that the file does not have in that section, or no namespace although the file has several; or
    /// an import of `exposes`, `aggregates` or `binds` names a file that does not exist. Under the version line `ikanos:`, an
    /// import is written with `from`: `location` there belongs to a format that later versions refuse.
    ///
    /// If the error is allowed, the import is left out, and so is what calls it. The names that a file has are in the help.
    ///
    /// ```yaml
    /// # parts.yaml consumes `shop`
    /// consumes:
    /// - from: ./parts.yaml
    ///   import: shopp
    /// ```
    ImportTarget = 145, Part, "an import does not name an entry of a file";

    /// An import gets a namespace that another entry of its section has. Calls could mean either of them; the reference engine
    /// does not start with such a file, and older versions of it take the first.
    ///
    /// Give one of the two another name with `as`. If the error is allowed, the second one is left out.
    ///
    /// ```yaml
    /// consumes:
    /// - from: ./parts.yaml
    ///   import: shop
    /// - from: ./more-parts.yaml
    ///   import: shop        # add `as: store`
    /// ```
    ImportedTwice = 146, Part, "an import has the namespace of another entry";

    /// A template holds more than text and placeholders. Placeholders name a value, as `{{name}}`; `{{{name}}}` and
    /// `{{&name}}` mean the same, because nothing is escaped for HTML, and comments (`{{! … }}`) are left out. Sections
    /// (`{{#name}}…{{/name}}`, `{{^name}}…{{/name}}`), partials (`{{> name}}`) and other delimiters (`{{=<% %>=}}`) are the rest of
    /// the Mustache language. The reference engine reads them by accident: a section over a list runs once, and partials fail
    /// when they are called.
    ///
    /// Let callers send the value that the section would choose, or write two operations. A member of a JSON body whose value is
    /// a placeholder is left out by itself if the caller omits it, so it needs no section.
    ///
    /// ```yaml
    /// body:
    ///   type: json
    ///   data:
    ///     note: '{{note}}'     # left out without a note, as `{{#note}}…{{/note}}` would
    /// ```
    TemplateLanguage = 149, Part, "templates have placeholders only, not sections or partials";

    /// A step does not run without something else. A step of type `transform` says only in prose what it makes: the program
    /// that starts the server registers a `Transform` under the name of the step with `run_with`, which gets the inputs and the
    /// outputs of earlier steps, and makes the output parameters of the step. For scripts, JavaScript is built in; for Python
    /// and Groovy, the program registers a `ScriptRunner` for the language. Without them the server does not start. If
    /// `management.scripting` of the control adapter switches scripts off, every request for the route or tool fails with
    /// status 500, and if it does not allow the language, with status 400, as in the reference engine.
    ///
    /// ```yaml
    /// steps:
    ///   pick:
    ///     type: script
    ///     language: groovy           # a warning
    ///     location: file:///./scripts
    ///     file: pick.groovy
    /// ```
    ScriptSetup = 158, Warning, "a step needs something else to run";

    /// A step of `orchestration` has a type such as `builtin.policy.assert`. These are functions of the product for which
    /// the file was written: they verify signatures, decide by a policy, or keep values. The file says what they are for,
    /// but not what they do, and a step that should deny a request must not be guessed or skipped.
    ///
    /// Steps with `call` are supported: a flow of them runs as those of `aggregates` do. Replace the function by a script
    /// or by a call of a service that has it, or combine the operations in Rust.
    ///
    /// ```yaml
    /// orchestration:
    /// - name: onboard
    ///   steps:
    ///   - id: verify
    ///     type: builtin.policy.assert   # refused
    ///   - id: create
    ///     call: admin.create-consumer
    /// ```
    BuiltinStep = 160, Part, "a step is a function of one product";

    /// The capability has APIs or adapters, but no operation, no path that passes requests on, and no resource or prompt,
    /// and no adapter that serves something by itself. The reference engine starts such a file, and responds to all
    /// requests with 404. The generated crate is a client without methods, and a server if an adapter declares that it has nothing.
    ///
    /// Often the file is a draft, or routes and tools are left out because they call nothing (NK0119), which is reported
    /// separately. Add operations under `consumes`, and routes or tools that call them.
    ///
    /// ```yaml
    /// capability:
    ///   consumes:
    ///   - namespace: shop
    ///     baseUri: https://shop.test
    ///     resources: []        # nothing to call
    /// ```
    NothingServed = 161, Warning, "there is nothing to call and nothing to serve";

    /// The kind of authentication says what there is, such as keys, but not what is signed, nor where the signature is sent: every
    /// API with `hmac` signs something else. The application knows. It registers a `Signer` under the namespace of the API,
    /// which changes each request as the last step and gets the values of all keys of `authentication` by
    /// `Attempt::credential`. Without it, the client cannot be built and the server does not start.
    ///
    /// A program that starts the server passes it to `run_with`, as `ScriptRunners::default().with_signer("shop", MySigner)`; a
    /// program with the client, to its builder, as `.signer_of("shop", MySigner)`. The kinds are `hmac`, `oauth1`, `signature`,
    /// `http-signature`, `hawk`, `edgegrid`, `custom-token`, and `custom`. Keys inside of a key have the names of both, as in
    /// `acquire.call`.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: shop
    ///   authentication:
    ///     type: hmac               # a warning
    ///     apiKey: '{{SHOP_KEY}}'   # `attempt.credential("apiKey")`
    /// ```
    SignerSetup = 162, Warning, "an API needs a signer of the application";

    /// A tool of a skill is either a route or tool of an adapter of this capability, which `from` names by the `namespace` of
    /// the adapter and the name of the route or tool, or a file of the skill, which `instruction` names. It must have one of
    /// the two. A skill has files only if it has a `location`, a folder.
    ///
    /// ```yaml
    /// skills:
    ///   refunds:
    ///     description: How to refund an order
    ///     tools:
    ///       rules:
    ///         description: When a refund is due
    ///         instruction: rules.md     # refused: the skill has no location
    ///       refund:
    ///         description: Refunds an order
    ///         from:
    ///           sourceNamespace: shop-tols   # refused, if the adapter is `shop-tools`
    ///           action: refund-order
    /// ```
    SkillTool = 165, Part, "a tool of a skill points to nothing";

    /// The adapter that a tool of a skill is derived from has no route or tool of this name. The skill is served as it is
    /// written, because agents may know more than the file, but they will probably not find the tool. Routes are named by the
    /// `name` of their operation, or by its key in a mapping.
    ///
    /// ```yaml
    /// tools:
    ///   refund:
    ///     description: Refunds an order
    ///     from:
    ///       sourceNamespace: shop-tools
    ///       action: refund-ordr       # a warning, if the tool is `refund-order`
    /// ```
    SkillAction = 166, Warning, "a tool of a skill names no route or tool";
}
