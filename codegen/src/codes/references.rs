//! References between parts of a capability: calls, variables, arguments, parameters and files.

codes! {
    /// A route or tool calls an operation that the file does not consume, and no other operation fits. A call is
    /// `namespace.operation`, both as written under `consumes`. An imported API has the namespace that it gets in this
    /// file, which is its alias if there is one. The reference engine notices a wrong call only when a request arrives.
    ///
    /// If a similar operation exists, the help names it. An incomplete call is completed if exactly one operation fits
    /// (NK0215), and is an error if several do (NK0214). A route is never completed to an operation with another HTTP
    /// method, because a GET that deletes would be worse than no route.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: shop        # operation: list-items
    /// exposes:
    /// - type: rest
    ///   resources:
    ///   - path: /items
    ///     operations:
    ///     - method: GET
    ///       call: shop.list-item    # did you mean `shop.list-items`?
    /// ```
    UnknownCall = 201, Part, "a call names an unknown operation";

    /// A template in a credential or a fixed value names a variable that no bind declares, or that several binds
    /// declare. Such templates are filled once from the environment when the program starts, so inputs of a caller are
    /// not available. Sending the template unchanged, as some engines do, would send the text `{{TOKEN}}` instead of
    /// the secret.
    ///
    /// Declare the variable under `binds`. If two namespaces have the same variable, write the namespace before it.
    ///
    /// ```yaml
    /// binds:
    /// - namespace: shop
    ///   keys:
    ///     TOKEN: SHOP_TOKEN
    /// # and in a credential
    /// token: '{{shop.TOKEN}}'
    /// ```
    UnknownVariable = 202, Part, "a template names an unknown variable";

    /// An argument under `with` refers to an input that the route or tool does not declare, although it declares other
    /// inputs. The input is added, with the type, the description and `required` of its parameter.
    ///
    /// Often, a name was changed in one position only. If the name is right, declare the input, so that it can have a
    /// description for callers.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: id
    ///   in: query
    /// with:
    ///   item: rest.item_id   # `item_id` is unknown: declare it above, or write `rest.id`
    /// ```
    UnknownReference = 203, Warning, "an argument refers to an unknown input";

    /// An argument under `with` looks like a reference, because it is a word with a dot, but its first part is not
    /// `rest`, `tools` or the namespace of its own adapter. It is sent as text. That is right for file names, versions
    /// and hosts, which have dots as well, but wrong for a misspelled prefix; the compiler cannot tell the two apart.
    ///
    /// An input of the caller is `rest.name` in routes, `tools.name` in tools, the namespace of the adapter and the
    /// name in both, or `'{{name}}'`. Quotes around a text with dots make it clear for readers; for YAML they make no
    /// difference.
    ///
    /// ```yaml
    /// with:
    ///   id: rset.id        # sends the text `rset.id`
    ///   id: rest.id        # sends the input of the caller
    /// ```
    LiteralReference = 204, Warning, "an argument looks like a reference and is sent as text";

    /// An argument under `with` is for a parameter that the operation does not have, or whose value the operation
    /// fixes. The argument is ignored. To send it, the compiler would have to guess its location: path, query, header
    /// or body.
    ///
    /// Names that differ only in separators or case, such as `page_size` and `pageSize`, are treated as equal. Often,
    /// the parameter is declared in another operation. Correct the name, or declare the parameter in the operation.
    ///
    /// ```yaml
    /// operations:
    /// - name: list-items
    ///   inputParameters:
    ///   - name: page_size
    ///     in: query
    /// # in a route or tool
    /// call: shop.list-items
    /// with:
    ///   size: rest.size   # ignored; the name is page_size
    /// ```
    UnknownParameter = 205, Warning, "an argument is for an unknown parameter";

    /// The operation has a required parameter, but `with` has no argument for it. It gets the input of the caller with
    /// the same name. If there is no such input, a required one is added, because a request without the value would be
    /// impossible, or refused by the upstream. The same code is reported for a route without a placeholder for a path
    /// parameter: its callers send the value in the query.
    ///
    /// Write the argument, so that readers see the source of the value. If callers should not choose it, write a fixed
    /// value.
    ///
    /// ```yaml
    /// call: shop.get-item
    /// with:
    ///   shop: rest.shop
    ///   item: rest.item    # without this line, `item` becomes an input
    ///   format: full       # a fixed value, which callers cannot change
    /// ```
    MissingArgument = 206, Warning, "a required parameter without an argument becomes an input";

    /// The path of a consumed operation has a placeholder without a declared path parameter. The placeholder becomes a
    /// required string, because a path needs all its segments. Its value is percent-encoded as one segment, so a caller
    /// cannot reach another path with it. The same applies to placeholders in the query of a path; those in `{?a,b}`
    /// are optional. Each name is reported once in a file.
    ///
    /// Declare the parameter to give it a description, which callers and models see. A parameter with `in: path` also
    /// matches a placeholder that differs only in `-`, `_` or case.
    ///
    /// ```yaml
    /// path: /items/{item_id}
    /// operations:
    /// - name: get-item
    ///   inputParameters:
    ///   - name: item_id
    ///     in: path
    ///     type: string
    ///     description: The number of the item.
    /// ```
    UndeclaredPlaceholder = 207, Warning, "a placeholder of a path is not declared";

    /// A parameter has `in: path`, but the path has no placeholder with its name, even if `-`, `_` and case are
    /// ignored. If the operation itself declares it, it is appended to the path as another segment: many files have a
    /// path such as `/items` once, with the operations on all items and on one item below it. Without its identifier,
    /// an operation that deletes one item could delete all. If the guess is wrong, the upstream responds that the path
    /// does not exist.
    ///
    /// An optional parameter, or one that a whole resource or API declares, is left out, and so are arguments for it.
    /// An input of a route with `in: path` but without a placeholder is read from the query.
    ///
    /// ```yaml
    /// path: /items            # sent as /items/{item_id}
    /// operations:
    /// - name: delete-item
    ///   method: DELETE
    ///   inputParameters:
    ///   - name: item_id
    ///     in: path
    /// ```
    UnusedPathParameter = 208, Warning, "a path parameter does not appear in the path";

    /// Two things of one kind have the same name. The effect depends on the kind. Operations of one API are both kept,
    /// with different names in Rust; a call of the name is resolved by method and path. APIs with one namespace are
    /// both kept, and calls are looked up in both. Of duplicate parameters, arguments of prompts and outputs, the first
    /// one is used. The later of two tools gets a number at the end of its name, because clients would see only one of
    /// them; tools that differ only in their adapter are served once. In a step with `forEach`, `{{item}}` is the element, also
    /// where an input or a step has this name.
    ///
    /// The diagnostic marks both definitions. Rename one of the two. `cargo xtask lint` has more rules for namespaces
    /// (NK0401).
    ///
    /// ```yaml
    /// tools:
    /// - name: get_item
    ///   call: shop.get-item
    /// - name: get_item      # served as `get_item-2`
    ///   call: store.get-item
    /// ```
    DuplicateName = 209, Warning, "a name is defined twice";

    /// A template names a variable that no bind declares, as `{{NAME}}` or `{{env.NAME}}`. It is read from the
    /// environment variable with exactly that name. A name that is not valid for an environment variable is converted
    /// to capitals with underscores, so `{{api-key}}` reads `API_KEY`. `$NAME` and `${NAME}` as the whole value have
    /// the same meaning. The meaning is clear and many files are written that way, so this is only a warning. The
    /// reference engine sends an empty value for `{{env.NAME}}`.
    ///
    /// A bind is better: all required variables are listed in one position, and misspelled names are found (NK0202).
    ///
    /// ```yaml
    /// binds:
    /// - namespace: env
    ///   keys:
    ///     SHOP_TOKEN: SHOP_TOKEN
    /// ```
    ImplicitVariable = 210, Warning, "an environment variable is used without a bind";

    /// A bind reads an environment variable whose name is not valid. Names consist of letters, digits, underscores,
    /// hyphens and dots. Operating systems take more, but most programs that pass variables to a process do not, and a
    /// name with a blank or a slash usually belongs to a file or vault.
    ///
    /// The name in the environment is right of the colon; the name in templates is left of it. If the bind has a
    /// `location`, the left name is used for both (NK0138). A name that shells cannot set is only a warning (NK0226).
    ///
    /// ```yaml
    /// keys:
    ///   TOKEN: prod/shop#token     # refused
    ///   TOKEN: SHOP_TOKEN
    /// ```
    BadVariable = 211, Error, "the name of an environment variable is not valid";

    /// A route or tool declares an input that is not passed to any parameter of the operation. Callers of a route may
    /// omit it, even if it has `required: true`, because its value has no effect. If it is in the path of a route, callers
    /// still have to write a value there. Tools show it to models as it is declared, and want it if it is required.
    ///
    /// Either the argument under `with` was forgotten, or the input is left over from an earlier version. With an
    /// explicit `with`, only the listed parameters are passed on; inputs of equal name are not added.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: verbose       # never used
    ///   in: query
    /// with:
    ///   id: rest.id
    /// ```
    UnusedInput = 212, Warning, "a declared input is never used";

    /// A fixed argument under `with` can never have the type of its parameter: text for an integer, a list for a
    /// string, a fraction for an integer, or null for a required value. The same code is reported for a fixed value or
    /// credential with characters that are not allowed in a header. Every call would fail, so the file is refused. Text
    /// that is a number or boolean is accepted for such parameters, because quotes are used freely in YAML.
    ///
    /// Correct the value, or the type of the parameter.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: limit
    ///   in: query
    ///   type: integer
    /// # in a route or tool
    /// with:
    ///   limit: all     # refused
    ///   limit: 100
    /// ```
    TypeMismatch = 213, Part, "an argument does not have the type of its parameter";

    /// A call is incomplete, or several operations have its name, and more than one operation fits. HTTP method, path,
    /// names of parameters and description were compared, but do not decide. A wrong choice could delete what should be
    /// read.
    ///
    /// Write `namespace.operation`. If two operations of one namespace have the same name, rename one of them.
    ///
    /// ```yaml
    /// consumes:
    /// - namespace: shop       # both have an operation `list`
    /// - namespace: store
    /// exposes:
    /// - type: mcp
    ///   tools:
    ///   - name: list
    ///     call: list          # refused
    ///     call: shop.list     # unambiguous
    /// ```
    AmbiguousCall = 214, Part, "a call fits several operations";

    /// A call does not name exactly one operation, but only one operation fits the route or tool, so that one is
    /// called. The call may be missing, lack its namespace, have a resource between namespace and operation, or be
    /// written as `operation:`; or several operations have the name. The HTTP method and path, the names of parameters,
    /// the description, and for a missing call the name of the route or tool are compared. An unknown namespace is
    /// ignored if only one operation has the name. If several operations fit, that is an error (NK0214). A route never
    /// calls an operation with another method. Under `ikanos:` only a call that is missing is completed.
    ///
    /// The diagnostic names the chosen operation. Write it as `call`, so that it does not change when operations are
    /// added; `cargo xtask lint --fix` completes calls that are not missing.
    ///
    /// ```yaml
    /// - method: GET
    ///   name: list-items
    ///   operation: list-items     # completed to shop.list-items
    ///   call: shop.list-items     # complete
    /// ```
    InferredCall = 215, Warning, "a call is completed";

    /// An operation has parameters with one name in two locations, such as the path and the query. In HTTP, these are
    /// two values, but callers of routes and tools pass arguments by name. They send one value, which is used in both
    /// locations. A method of the Rust client has an argument for each of them (`id_in_path`, `id_in_query`).
    ///
    /// Usually that is right, because such pairs come from converters that list the same parameter twice. If the values
    /// can differ, rename one of the two with `value`.
    ///
    /// ```yaml
    /// path: /items/{id}
    /// inputParameters:
    /// - name: id
    ///   in: path
    /// - name: id            # gets the same value
    ///   in: query
    /// ```
    SharedName = 216, Warning, "an operation has two parameters with one name";

    /// An operation has several parameters with `in: body`, or a single one of a scalar type that is not named `body`.
    /// A request has one body, so each parameter becomes a member of one JSON object, under its own name. Members that
    /// the caller omits are left out. Converters that write such files mean it so.
    ///
    /// A single parameter of type `object` is the whole body, whatever its name. To define the body exactly, write it
    /// as a template.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: title
    ///   in: body
    /// - name: price
    ///   in: body
    /// # sends {"title": …, "price": …}, like this template:
    /// body:
    ///   type: json
    ///   data: {title: '{{title}}', price: '{{price}}'}
    /// ```
    BodyMembers = 217, Warning, "body parameters are sent as members of one JSON object";

    /// A parameter of a consumed operation has no `in`, so its location in the request is not declared. It is a path
    /// parameter if a placeholder of the path has its name (ignoring separators and case), a body parameter if it is an
    /// object and the method has a body, and a query parameter otherwise. Most parameters are query parameters, and an
    /// unknown one does little harm.
    ///
    /// Add `in`, especially for headers and bodies, for which the default is wrong: the upstream would ignore the
    /// value. Only the first such parameter of a file is shown, with a count.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: page
    ///   in: query
    /// ```
    ImpliedLocation = 218, Warning, "a parameter has no location";

    /// A consumed operation has a `path`, and so does its resource. In the format, only resources have paths, and files
    /// use the second one in different ways. If any operation of the API repeats the path of its resource, all such
    /// paths are whole paths. Otherwise, they are appended to the path of the resource.
    ///
    /// The diagnostic shows the resulting path. To avoid the question, give each path a resource of its own.
    ///
    /// ```yaml
    /// resources:
    /// - path: /items
    ///   operations:
    ///   - name: get-item
    ///     path: /{id}         # results in /items/{id}
    /// - path: /items/{id}     # the same, and clear
    ///   operations:
    ///   - name: get-item
    /// ```
    OwnPath = 219, Warning, "an operation has its own path";

    /// The name of a parameter is empty. Nothing can refer to it, and no request can contain it, so it is left out.
    /// Some converters write such entries for parameters that are references in the original API description.
    ///
    /// Write the name that the API uses, or remove the parameter. If requests fail because something required is
    /// missing, compare the operation with the documentation of the API; it may be the lost parameter.
    ///
    /// ```yaml
    /// inputParameters:
    /// - name: ''           # left out
    ///   in: query
    /// - name: page         # with a name
    ///   in: query
    /// ```
    MissingName = 220, Warning, "a parameter without a name is left out";

    /// The `location` of a resource or prompt has no usable files. A path that starts with `./`, or without a slash, is
    /// relative to the file that contains it. Its files are embedded in the crate, so it must be a file of up to 8 MiB, or
    /// a folder with such files, below the folder of the capabilities. Hidden files, whose names start with a dot, are
    /// left out. A prompt needs a single file of text. A file at an absolute path is read by the server at run time;
    /// the path cannot be the root of the file system, and cannot contain `.` or `..`.
    ///
    /// Locations on other machines, and schemes other than `file`, are not supported. Call an operation that fetches
    /// the content instead.
    ///
    /// ```yaml
    /// resources:
    /// - name: guide
    ///   uri: docs://guide
    ///   location: file:///./docs/guide.md    # next to the capability
    /// ```
    BadLocation = 221, Part, "a location has no usable files";

    /// The `location` of a resource or prompt is an absolute path, which has no meaning on the machine that generates
    /// the crate. The server reads it for each request: a file, or all files below a folder. It does so only if its operator
    /// names a folder that the path is in, with `--files DIR`; otherwise the resource or prompt is not offered, and the
    /// log says so at the start. A specification alone cannot publish files of the machine that serves it.
    ///
    /// Clients cannot see hidden files, or files outside of the folder, even through `..` or links, or files of the
    /// operating system below `/dev`, `/proc` and `/sys`. Files over 10 MiB are not read. If the path does not exist, the
    /// list of resources is empty, and the log has the reason.
    ///
    /// Everyone who can change these files can change what models read. In a container, the folder must be mounted. To
    /// embed files next to the capability in the crate, start the path with `./`.
    ///
    /// ```yaml
    /// location: file:///srv/shop/docs   # a folder on the machine of the server
    /// location: file:///./docs          # a folder next to the capability
    /// ```
    ServerFiles = 222, Warning, "files are read by the server at run time";

    /// Clients read a resource by its URI and send nothing else. The operation of this resource has a required
    /// parameter that is neither a placeholder of the URI nor a fixed value under `with`; or the resource declares an
    /// input, or refers to one, that is not in the URI. Every read would fail, or lack a value. Optional parameters
    /// without an argument are left out, and are not reported.
    ///
    /// Add the placeholder to the URI, which makes it a template. If the argument does not identify the resource, a
    /// tool is the better choice.
    ///
    /// ```yaml
    /// resources:
    /// - name: item
    ///   uri: shop://items/{id}     # `id` is in the URI
    ///   call: shop.get-item
    ///   with: {id: '{{id}}', lang: en}
    /// ```
    UnreachableArgument = 223, Part, "a resource needs an argument that its URI does not have";

    /// The text of a prompt has a placeholder in double braces that is not declared under `arguments`. Clients ask
    /// users only for declared arguments, so it never has a value. The placeholder stays in the text, and the model
    /// reads the braces.
    ///
    /// Declare the argument, or correct the name. If the braces are meant as text, such as in a prompt about templates,
    /// ignore the warning. Values of users are inserted once; braces in them have no effect.
    ///
    /// ```yaml
    /// arguments:
    /// - {name: first, description: The first item}
    /// template:
    /// - role: user
    ///   content: 'Compare {{first}} with {{secnd}}.'   # stays in the text
    /// ```
    PromptPlaceholder = 224, Warning, "a placeholder of a prompt is not an argument";

    /// Clients identify a resource by its URI. A URI has a scheme, a colon, and the characters that RFC 3986 allows.
    /// With placeholders, it is a URI template (RFC 6570) of level 1: `{name}` or `{{name}}` is a part of one segment.
    /// Placeholders for several segments and for queries are not supported. Neither are duplicate or adjacent
    /// placeholders, because the URI could not be split into their values. Resources from files cannot have
    /// placeholders.
    ///
    /// Any scheme that describes the content is fine; browsers need not know it.
    ///
    /// ```yaml
    /// uri: /items/{id}            # no scheme
    /// uri: shop://items{?id}      # a query
    /// uri: shop://items/{id}      # valid
    /// ```
    BadResourceUri = 225, Part, "the URI of a resource is not valid";

    /// The name of an environment variable begins with a digit, or has a hyphen or a dot in it. Processes can have such
    /// variables, and containers and service managers set them. Shells cannot: `export 1SHOP_TOKEN=...` is an error,
    /// and `$1SHOP_TOKEN` means something else. Some shells also drop such variables from the environment of the
    /// programs that they start, and then the server says that the variable is missing.
    ///
    /// Nothing has to be done where the variable arrives. On a command line, write `env '1SHOP_TOKEN=...' server`. A bind
    /// gives the variable another name in the environment, and the name in templates stays.
    ///
    /// ```yaml
    /// keys:
    ///   1SHOP_TOKEN: 1SHOP_TOKEN   # a warning
    ///   1SHOP_TOKEN: SHOP_TOKEN
    /// ```
    ShellVariable = 226, Warning, "shells cannot set an environment variable of this name";

    /// A route or tool has a `ref` that names no flow. A flow of an aggregate is named by the namespace of the aggregate,
    /// a dot, and its own name. Aggregates may be in another file, and are imported like APIs; an import that cannot be
    /// resolved is reported separately.
    ///
    /// ```yaml
    /// aggregates:
    /// - namespace: crew
    ///   flows:
    ///     member: { call: shop.get-member }
    /// # in a tool
    /// ref: crew.members    # unknown
    /// ref: crew.member
    /// ```
    UnknownFlow = 227, Part, "a route or tool refers to an unknown flow";

    /// Two flows of aggregates have one name, namespace included, or two steps of one flow do. A `ref` could mean either of
    /// the flows, and a template either of the outputs.
    ///
    /// Rename one of the two. Flows of different namespaces may have the same name.
    ///
    /// ```yaml
    /// steps:
    /// - { name: item, type: call, call: shop.get-item }
    /// - { name: item, type: call, call: shop.get-owner }   # call it owner
    /// ```
    DuplicateFlow = 228, Part, "a flow or a step is defined twice";

    /// The `index` of a lookup names no step before it, or a step uses the output of one that is not before it. Steps see the
    /// outputs of those that the file has before them; a reference to a later one, or to itself, would never have a value.
    ///
    /// A lookup searches the whole output of one step: the items of a list,
    /// or a single object. The name is that of the step alone, without a path.
    ///
    /// To search a list inside of an output, let the operation of the step have `outputParameters` that select it.
    ///
    /// ```yaml
    /// steps:
    ///   items: { type: call, call: shop.list-items }
    ///   hit:
    ///     type: lookup
    ///     index: $.items        # write the name alone
    ///     match: id
    ///     lookupValue: '{{id}}'
    ///     outputParameters: [name]
    /// ```
    UnknownStep = 229, Part, "a step uses the output of a step that is not before it";

    /// A placeholder in the `authentication` of a consumed API is not bound, but an operation or its callers declare a parameter of
    /// this name, or a bound variable is beside it in the same text. Each caller sends this part of the credential. If nothing
    /// declares it, it becomes an input of the routes and tools that need it. What is left out is empty text, and a credential
    /// without any text is left out. A value that could change the rest of the credential is refused.
    ///
    /// If it is a secret of this program, bind it. Names in capitals with `_` between words, and `env.NAME`, are always variables.
    ///
    /// ```yaml
    /// binds:
    /// - namespace: env
    ///   keys: { SHOP_KEY: SHOP_KEY }
    /// capability:
    ///   consumes:
    ///   - namespace: shop
    ///     type: http
    ///     baseUri: https://shop.test
    ///     authentication:
    ///       type: bearer
    ///       token: '{{tenant}}-{{SHOP_KEY}}'   # callers send `tenant`
    /// ```
    SentCredential = 230, Warning, "callers send a part of a credential";
}
