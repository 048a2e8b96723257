//! What HTTP, MCP and Rust accept: paths, addresses, methods, headers, types and names.

codes! {
    /// The path is not valid: a brace is not closed, a placeholder is empty or contains a slash, a segment is `.` or
    /// `..`, it contains a backslash, a control character or an invisible character, it is a whole URL, a value in its
    /// query mixes text and placeholders, or a placeholder for several segments is not at the end of a route. URL
    /// parsers resolve `.` and `..` even if they are percent-encoded, so the request would go to another path than the
    /// file shows. Invisible characters make two different paths look the same.
    ///
    /// Write placeholders as `{name}` or `{{name}}`, and as `{name+}` if the value may contain slashes. Declare
    /// parameters instead of a query (NK0317).
    ///
    /// ```yaml
    /// path: /items/{id        # refused
    /// path: /items/../admin   # refused
    /// path: /items/{id}
    /// ```
    BadPath = 301, Part, "a path is not valid";

    /// Paths cannot be appended to the base URI of an API. A base URI starts with `http://` or `https://`, has a valid
    /// host, and may have a port and a path without `.` and `..`. It cannot have a query or fragment, because paths
    /// follow it. A user and password before the host are refused, because they would appear in logs and error
    /// messages; use `authentication` instead.
    ///
    /// A slash at the end is removed. If the base URI differs between users, remove it, leave it empty or write a
    /// template (NK0303).
    ///
    /// ```yaml
    /// baseUri: api.shop.test              # refused: no scheme
    /// baseUri: https://api.shop.test/v1
    /// ```
    BadBaseUri = 302, Part, "a base URI is not valid";

    /// The base URI is missing or empty, or has placeholders such as a region or a tenant. The generated crate has no
    /// default: the operator must set it, with `--base-uri` for the server or with `ClientBuilder::base_uri` in a
    /// program. Otherwise, the server does not start and the client cannot be built.
    ///
    /// Placeholders are not filled separately, because a host that is composed of parts could be any host. If the
    /// address is the same for all users, write it in the file.
    ///
    /// ```yaml
    /// baseUri: https://{tenant}.shop.test   # must be configured
    /// baseUri: https://api.shop.test        # the default
    /// ```
    BaseUriIsConfiguration = 303, Warning, "a base URI must be configured";

    /// A parameter is a header that callers cannot set, so it is left out. HTTP itself writes `Host`, `Content-Length`,
    /// `Connection`, `TE`, `Transfer-Encoding` and similar headers (RFC 9110 §7, RFC 9112 §6); with a wrong value, two
    /// programs could disagree on where a request ends. `Accept-Encoding` is set by the client, which has to decode the
    /// response. `Content-Type` depends on the body. A header, query parameter or cookie with the credential of the API
    /// is left out as well.
    ///
    /// Remove the parameter, or fix its value if the upstream requires one.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: Content-Length   # left out
    ///   in: header
    /// - name: Authorization    # left out: `authentication` sets it
    ///   in: header
    /// ```
    ReservedHeader = 304, Warning, "a parameter that the client sets itself is left out";

    /// Two routes have the same method and equal paths apart from the names of placeholders, so they match the same
    /// requests. The first route in the file is used, and the later one is left out. The reference engine never reaches
    /// the later one either.
    ///
    /// Routes with one path and different methods are fine. Otherwise, remove one of the two, or add a segment to its
    /// path.
    ///
    /// ```yaml
    /// - path: /items/{id}
    ///   operations: [{method: GET, call: shop.get-item}]
    /// - path: /items/{name}        # matches the same requests: left out
    ///   operations: [{method: GET, call: shop.find-item}]
    /// - path: /items/by-name/{name}
    ///   operations: [{method: GET, call: shop.find-item}]
    /// ```
    RouteConflict = 305, Warning, "two routes match the same requests";

    /// The path of a route has a placeholder that fills no input. Any text matches there and has no effect, which
    /// surprises callers: `/shops/a/items` and `/shops/b/items` return the same items.
    ///
    /// Use the placeholder under `with` for its parameter. A placeholder fills the input of the same name (ignoring
    /// `-`, `_` and case); if the parameter has another name, an argument is needed. If no inputs are declared, they
    /// are derived from the arguments.
    ///
    /// ```yaml
    /// path: /shops/{shop}/items
    /// operations:
    /// - method: GET
    ///   call: shop.list-items
    ///   with:
    ///     shop_id: rest.shop     # now it is used
    /// ```
    UnboundPlaceholder = 306, Warning, "a placeholder of a route is never used";

    /// A placeholder of a route matches two inputs. A placeholder first matches the input with exactly its name. If
    /// no such input exists, `-`, `_` and case are ignored, because files often write `{secret-id}` for `secret_id`. If two
    /// inputs match then, the compiler cannot know which one gets the value, and a wrong identifier in a path can
    /// affect the wrong item.
    ///
    /// Write the placeholder exactly like its input, or rename one of the inputs. The same placeholder twice in one
    /// path is allowed: both must have the same value.
    ///
    /// ```yaml
    /// path: /items/{item-id}
    /// with:
    ///   a: rest.item_id
    ///   b: rest.itemId       # both match {item-id}
    /// ```
    AmbiguousPlaceholder = 307, Part, "a placeholder of a route matches two inputs";

    /// The `type` of a parameter is not one of `string`, `integer`, `number`, `boolean`, `array` and `object`. The
    /// parameter becomes a string: any text is accepted and sent unchanged. That is right for dates, UUIDs and
    /// enumerations, which are sent as text. For `int`, `float` or `bool`, it means that values are not checked, and
    /// that models see a string in the schema of the tool.
    ///
    /// Write one of the six types. Use `format` or the description to describe a string.
    ///
    /// ```yaml
    /// - name: limit
    ///   type: int        # a string
    ///   type: integer    # a whole number
    /// ```
    UnknownType = 308, Warning, "an unknown type is read as string";

    /// An operation has a `body` template, and parameters with `in: body` that the template does not use. A request has
    /// one body, and the template defines it, so these parameters are not sent. A parameter that the template uses
    /// fills its placeholder.
    ///
    /// Add the missing parameters to the template, or remove the template if the parameters describe the whole body.
    /// Members that callers omit are left out of a JSON template, so optional parameters can be used in it.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: note
    ///   in: body           # not in the template: not sent
    /// body:
    ///   type: json
    ///   data:
    ///     title: '{{title}}'
    ///     note: '{{note}}' # now it is sent
    /// ```
    SeveralBodies = 309, Warning, "a body parameter is not used in the body template";

    /// The name of a tool has characters that some clients reject, or is too long, so the tool is served under a
    /// changed name. Characters other than `a-z`, digits, `_` and `-` are replaced, `listUsers` becomes `list-users`,
    /// and names over 48 characters are shortened and end in a hash of the whole name, so that they stay different and
    /// stable. The Model Context Protocol allows more, but the APIs of models do not. Several clients reject a whole
    /// server because of one name, and most put the name of the server before that of the tool, with a limit of 64
    /// characters for both.
    ///
    /// The diagnostic shows the name that clients see. Valid names are not changed. Rename the tool, because prompts
    /// and settings refer to its name.
    ///
    /// ```yaml
    /// - name: get item/details    # served as get-item-details
    /// - name: get-item-details
    /// ```
    ToolName = 310, Warning, "the name of a tool is changed";

    /// The capability has two adapters of one type that cannot be served apart, so one listener has the routes, tools or skills
    /// of both, on the port of the first. Adapters have listeners of their own where their ports differ. These are served together:
    ///
    /// - adapters with the same port, or without one: 8080 for `rest`, 9090 for `mcp`, 9200 for `skill`. Two with `port: 0` have
    ///   ports of their own.
    /// - an MCP adapter with `transport: stdio` and the first MCP adapter that has a port: the same tools are then served both ways.
    /// - control adapters, of which only the first counts.
    ///
    /// Then equal routes conflict (NK0305), and so do tools or skills of the same name (NK0209), and both must have the same
    /// `authentication` (NK0128). Give each adapter a port of its own.
    ///
    /// ```yaml
    /// exposes:
    /// - type: rest
    ///   namespace: public
    ///   port: 8080
    /// - type: rest           # has no port, so it is also served on port 8080
    ///   namespace: internal
    /// ```
    SeveralAdapters = 312, Warning, "adapters of one type are served together";

    /// The `mapping` of an output is not a path. Paths are those of JSONPath (RFC 9535): names after dots or in brackets,
    /// indexes (negative ones count from the end), slices, filters, `[*]` for all elements and `..` for all levels. Names after
    /// dots may have hyphens and blanks, and the first `$` may be left out. The last step may be one of `length()`, `keys()`,
    /// `first()`, `last()`, `min()`, `max()`, `avg()` and `sum()`.
    ///
    /// The reference engine returns null for a path that it cannot read, so mistakes are easily overlooked there. Its filters know
    /// more operators than the RFC: `=~`, `in` and functions after a dot. In place of them, use `match()`, `||` and
    /// `length(@.name)`. Very long paths, and those with more than 48 brackets, are refused, too.
    ///
    /// ```yaml
    /// mapping: $.items[?(@.name =~ /a.*/)].id          # refused
    /// mapping: $.items[?match(@.name, 'a.*')].id
    /// mapping: $['total-count']
    /// ```
    BadMapping = 313, Part, "a mapping is not a path";

    /// The `method` of an operation or route is not supported. Supported are GET, HEAD, OPTIONS, POST, PUT, PATCH and
    /// DELETE, in capitals or not. CONNECT and TRACE are for proxies and debugging, and passing them on is a security
    /// risk. Other methods are typing errors, or belong to protocols based on HTTP such as WebDAV.
    ///
    /// Without `method`, it is GET. The method decides whether a request may be repeated and whether it changes
    /// anything (RFC 9110 §9.2), so the compiler does not guess it.
    ///
    /// ```yaml
    /// method: FETCH     # refused
    /// method: get       # supported
    /// ```
    UnknownMethod = 314, Part, "an HTTP method is not supported";

    /// The path of the file is not a valid crate name, or another file has the same crate name. The name consists of
    /// the folders below `spec/` and the file name, in lower case with hyphens. It must start with a letter, has at most
    /// 128 characters, and cannot be reserved in Rust or Cargo, nor be a device on Windows, such as `con` or `com1`. It cannot be that
    /// of another package or program of the workspace, or of a package in `Cargo.lock`: cargo would reject the workspace, or
    /// `-p` would mean two packages. Other crates depend on it, so it is a contract.
    ///
    /// Rename the file. Letters, digits, hyphens, dots and underscores are allowed. Two paths collide if they differ
    /// only in the characters between the words, or in capital and small letters.
    ///
    /// If such a crate is in `generated/` already and cargo does not start any more, remove its folder there, rename the
    /// file, and run `cargo xtask gen`.
    ///
    /// ```text
    /// spec/shop/items.yaml       -> shop-items
    /// spec/shop-items.yaml       -> shop-items   (the same)
    /// spec/2024/items.yaml       -> refused: starts with a digit
    /// spec/tokio.yaml            -> refused: a package that the workspace uses
    /// ```
    CrateName = 315, Error, "the path of a file is not a valid crate name";

    /// The name of a header or cookie has characters that HTTP does not allow. A name consists of letters, digits and
    /// ``!#$%&'*+-.^_`|~`` (RFC 9110 §5.1 and §5.6.2). Blanks, colons and characters outside of ASCII would end the
    /// name or split the message, so every request would fail at run time.
    ///
    /// Write the name exactly as in the documentation of the API. Text for readers goes into the description.
    ///
    /// ```yaml
    /// - name: Request Id       # refused
    ///   in: header
    /// - name: X-Request-Id
    ///   in: header
    /// ```
    BadHeaderName = 316, Part, "the name of a header or cookie is not valid";

    /// A path contains `?`. In the path of a consumed operation, the query becomes query parameters: fixed values are
    /// always sent, and placeholders become parameters under the names in the query. The request is what the file
    /// means, and callers see what they can set.
    ///
    /// In the path of a route, a query has no meaning, because routes are matched by path only. There `?` is a
    /// character of the path, which callers must write as `%3F`. In practice, callers do not do that: remove the query
    /// and declare inputs with `in: query`.
    ///
    /// ```yaml
    /// path: /items?sort=name&page={page}   # `sort` is fixed, `page` is a parameter
    /// path: /items
    /// inputParameters:
    /// - {name: sort, in: query, value: name}
    /// - {name: page, in: query}
    /// ```
    QueryInPath = 317, Warning, "a path has a query";

    /// A path contains `#`, which starts a fragment. Fragments are for the client and are never sent to a server (RFC
    /// 3986 §3.5, RFC 9110 §7.1), so the fragment in the path of a consumed operation is left out. Some API
    /// descriptions use fragments to distinguish two operations with one path; the real difference is then a header or
    /// parameter that should be declared.
    ///
    /// In the path of a route, `#` is a character of the path, which callers must write as `%23`.
    ///
    /// ```yaml
    /// path: /items#archive          # sends /items
    /// path: /items
    /// inputParameters:
    /// - {name: state, in: query, value: archived}
    /// ```
    FragmentInPath = 318, Warning, "a path has a fragment";

    /// A path does not start with a slash. Paths are appended to the base URI, so `items` after `https://api.shop.test`
    /// would result in another host. The slash is added. The reference engine joins the two without a slash, and its
    /// requests fail.
    ///
    /// Write the slash, which `cargo xtask lint --fix` does where possible. A base URI without a slash at its end, and
    /// paths with one at their start, are easy to read and join.
    ///
    /// ```yaml
    /// baseUri: https://api.shop.test
    /// path: items       # becomes /items
    /// path: /items
    /// ```
    MissingSlash = 319, Warning, "a path does not start with a slash";

    /// The name of an input of a tool is one that some MCP clients reject, such as `$select` or `filter[name]`. Names
    /// in the input schema of a tool should consist of letters, digits, `_`, `-` and `.`, and have at most 64
    /// characters; otherwise, a client may reject the tool, or all tools. Callers of the tool see a changed name, such
    /// as `select`, and the upstream still gets the original name.
    ///
    /// Nothing has to be done. To choose the name yourself, declare the input and use it under `with`. Routes and the
    /// client keep the original name.
    ///
    /// ```yaml
    /// with:
    ///   $select: tools.fields    # callers of the tool see `fields`
    /// ```
    ToolInputName = 320, Warning, "an input of a tool is renamed";

    /// The `hints` of a tool contradict the HTTP method of its operation, or each other: a GET that is `destructive` or
    /// not `readOnly`, a DELETE that is `readOnly`, or a tool that is both `readOnly` and `destructive`. GET and HEAD
    /// are safe by definition (RFC 9110 §9.2.1). Clients use hints to decide whether to ask the user before a call. A
    /// wrong `readOnly: true` skips that question, and a wrong `destructive: true` trains users to confirm without
    /// reading.
    ///
    /// Only `cargo xtask lint` reports this; the hints are served as they are written. Correct them, or remove them, so
    /// that they are derived from the method.
    ///
    /// ```yaml
    /// - name: delete_item
    ///   call: shop.delete-item     # DELETE
    ///   hints:
    ///     readOnly: true           # wrong
    /// ```
    HintContradiction = 321, Warning, "a hint contradicts the HTTP method";

    /// `outputHeaders` names header fields of an upstream's responses that REST callers get in addition to the usual
    /// ones. Only names with `x-` at their start can be added. Fields about the content and its caching, such as
    /// `Content-Type` and `ETag`, are passed on anyway; `Location` and `Link` are, with paths of the server in them. All
    /// others would be wrong from another server: they are about the upstream's connection, its sessions, or its site,
    /// such as `Set-Cookie` and `Strict-Transport-Security`.
    ///
    /// Remove the name.
    ///
    /// ```yaml
    /// - name: list-items
    ///   method: GET
    ///   outputHeaders:
    ///   - X-Page-Count
    ///   - Set-Cookie      # left out
    /// ```
    OutputHeader = 322, Warning, "a response header cannot be passed to callers";
}
