use super::lint;
use crate::Sources;
use crate::diagnostic::Sink;
use crate::read::yaml;

/// The codes of all diagnostics, in order.
fn codes(text: &str) -> Vec<String> {
    let mut sink = Sink::new("case.yaml");
    let root = yaml::parse(text, 0, &mut sink).expect(text);
    lint(&root, &mut sink);
    sink.finish(&Sources::new()).iter().map(|it| it.code.to_string()).collect()
}

/// Checks pairs of codes and the text below a version line; no code means that there is no diagnostic.
fn check(cases: &[(&str, &str)]) {
    for (expected, text) in cases {
        assert_eq!(codes(&format!("naftiko: 1.0.0-alpha2\n{text}")).join(" "), *expected, "{text}");
    }
}

#[test]
fn the_first_capability_has_nothing_to_improve() {
    let text = include_str!("../../../spec/scaleway/secret-manager-secrets.yaml");
    assert_eq!(codes(text), Vec::<String>::new());
}

#[test]
fn any_yaml_is_taken() {
    check(&[
        ("", "capability: {consumes: 1, exposes: text, aggregates: [1, [], null], binds: {a: , b: 1}}"),
        ("", "capability:"),
        ("", "capability: {exposes: [{type: mcp, namespace: a, tools: {t: 1}}, {type: control, port: {}}]}"),
    ]);
    for text in ["[1, two, null]", "text", "openapi: 3.1.0\ninfo: {title: a <script> in another format}"] {
        assert_eq!(codes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn namespaces() {
    let api = "{namespace: a, description: d}";
    let rest = "{type: rest, namespace: a}";
    check(&[
        ("NK0401", &format!("capability: {{consumes: [{api}], exposes: [{rest}]}}")),
        ("NK0401", &format!("capability: {{exposes: [{rest}, {rest}]}}")),
        ("NK0401", &format!("binds: [{{namespace: a}}]\ncapability: {{exposes: [{rest}]}}")),
        ("NK0401", "capability: {binds: {a: {keys: {}}}, consumes: {a: {description: d}}}"),
        // The compiler reports this one.
        ("", &format!("capability: {{consumes: [{api}, {api}]}}")),
        ("", "capability: {consumes: [{namespace: b, description: d}], exposes: [{type: rest, namespace: a}]}"),
        ("", "capability: {consumes: [{namespace: a, description: d}], aggregates: [{namespace: a}]}"),
        ("NK0426", "capability: {exposes: [{type: mcp}]}"),
        ("", "capability: {exposes: [{type: control}, {type: mcp, namespace: a}]}"),
        ("NK0427", "capability: {aggregates: [{label: a}]}"),
        ("", "capability: {aggregates: {a: {flows: {f: {description: d}}}}}"),
        (
            "NK0428",
            "capability: {aggregates: [{namespace: a, functions: [{name: f, description: d}, {name: f, description: d}]}]}",
        ),
        (
            "",
            "capability: {aggregates: [{namespace: a, functions: [{name: f, description: d}, {name: g, description: d}]}]}",
        ),
    ]);
}

#[test]
fn imports() {
    check(&[
        ("NK0422", "capability: {consumes: [{import: a}]}"),
        ("NK0422", "capability: {binds: [{import: a, location: file:///x}]}"),
        ("NK0423", "capability: {consumes: [{from: ./a.yaml}]}"),
        ("NK0423", "capability: {consumes: [{location: ./a.yaml, as: b}]}"),
        ("", "capability: {consumes: [{from: ./a.yaml, import: a}, {location: ./a.yaml, import: b, as: c}]}"),
        ("", "capability: {consumes: [{ref: ./a.yaml, import: a}]}"),
        ("NK0424", "capability: {exposes: [{from: ./a.yaml, import: a}, {from: ./b.yaml, import: b, as: a}]}"),
        ("NK0424", "capability: {aggregates: [{namespace: a}, {from: ./b.yaml, import: a}]}"),
        ("", "capability: {exposes: [{from: ./a.yaml, import: a}, {from: ./b.yaml, import: a, as: b}]}"),
        ("NK0425", "consumes: [{from: ./a.yaml, import: a}]"),
        ("", "consumes: [{namespace: a, description: d}]"),
        ("", "binds: [{namespace: a, location: file:///x}]"),
    ]);
}

#[test]
fn addresses() {
    let api = |rest: &str| format!("capability: {{consumes: [{{namespace: a, description: d, {rest}}}]}}");
    let resource = |path: &str| {
        format!(
            "capability: {{exposes: [{{type: rest, namespace: a, resources: [{{path: '{path}', description: d}}]}}]}}"
        )
    };
    let address =
        |address: &str| format!("capability: {{exposes: [{{type: mcp, namespace: a, address: '{address}'}}]}}");
    check(&[
        ("NK0402", &api("baseUri: 'https://a.test/v1/'")),
        ("", &api("baseUri: 'https://a.test/v1'")),
        ("NK0403", &resource("/a/")),
        ("", &resource("/a")),
        ("", &resource("/")),
        ("NK0404", &address("api.example.com")),
        ("", &address("localhost")),
        ("", &address("notexample.com")),
        ("NK0405", &api("baseUri: 'https://example.com:80/v1'")),
        ("NK0405", &api("baseUri: 'https://user@api.example.org'")),
        ("", &api("baseUri: 'https://a.test/example.com'")),
        ("", &api("baseUri: 'https://[::1]:80'")),
    ]);
}

#[test]
fn control_adapters() {
    let exposes = |adapters: &str| format!("capability: {{exposes: [{adapters}]}}");
    check(&[
        ("NK0419", &exposes("{type: control, port: 1}, {type: control, port: 2}")),
        ("NK0419", &exposes("{type: control, port: 1}, {type: rest, namespace: a, port: 1}")),
        ("", &exposes("{type: control, port: 1}, {type: rest, namespace: a, port: 2}")),
        ("NK0420", &exposes("{type: control, address: 0.0.0.0}")),
        ("", &exposes("{type: control, address: 127.0.0.1}")),
        ("", &exposes("{type: control, address: '[::1]'}")),
        ("", &exposes("{type: control, address: localhost}")),
    ]);
}

#[test]
fn tunnels() {
    let api = |base: &str, tunnel: &str| {
        format!(
            "binds: [{{namespace: s, keys: {{ID: id}}}}]\n\
             capability: {{consumes: [{{namespace: a, description: d, baseUri: 'https://{base}', tunnel: {{{tunnel}}}}}]}}"
        )
    };
    check(&[
        ("NK0429", &api("a.internal", "identity: '{{s.OTHER}}'")),
        ("NK0429", &api("a.internal", "identity: '{{t.ID}}'")),
        ("", &api("a.internal", "identity: '{{ s.ID }}'")),
        ("", &api("a.internal", "identity: '{{ID}}'")),
        ("", &api("a.internal", "identity: /etc/identity.json")),
        ("NK0430", &api("a.internal", "fallback: direct")),
        ("", &api("localhost:1", "fallback: direct")),
        ("", &api("a.internal", "fallback: fail")),
        ("NK0431", &api("api.a.io/v1", "fallback: fail")),
    ]);
}

#[test]
fn authentication_of_callers() {
    let mcp = |transport: &str, authentication: &str| {
        format!(
            "capability: {{exposes: [{{type: mcp, namespace: a, transport: {transport}, authentication: {{{authentication}}}}}]}}"
        )
    };
    let oauth = "type: oauth2, authorizationServerUri: 'https://a.test', resource: 'https://b.test'";
    check(&[
        ("NK0408", &mcp("stdio", "type: bearer")),
        ("", &mcp("http", "type: bearer")),
        ("", &mcp("http", &format!("{oauth}, scopes: [read]"))),
        ("NK0411", &mcp("http", oauth)),
        ("NK0411", &mcp("http", &format!("{oauth}, scopes: []"))),
        ("NK0409", &mcp("http", "type: oauth2, authorizationServerUri: 'http://a.test', scopes: [read]")),
        ("NK0410", &mcp("http", "type: oauth2, resource: 'http://a.test', scopes: [read]")),
        ("", &mcp("http", "type: oauth2, resource: '{{RESOURCE}}', scopes: [read]")),
    ]);
}

#[test]
fn descriptions_and_tags() {
    let rest = |resource: &str| {
        format!("capability: {{exposes: [{{type: rest, namespace: a, resources: [{{{resource}}}]}}]}}")
    };
    check(&[
        ("NK0412", "info: {label: a}"),
        ("NK0412", "info: {label: a, tags: []}"),
        ("", "info: {label: a, tags: [b]}"),
        ("NK0413", "capability: {consumes: [{namespace: a}]}"),
        ("NK0413", "consumes: [{namespace: a, description: ''}]"),
        ("NK0414", &rest("path: /a")),
        ("NK0414", "capability: {exposes: [{namespace: a, resources: [{path: /a}]}]}"),
        ("NK0415", &rest("path: /a, description: d, operations: [{method: GET}, {method: PUT}]")),
        ("", &rest("path: /a, description: d, operations: [{method: GET, description: d}, {method: PUT, ref: a.b}]")),
        ("NK0406", "capability: {aggregates: [{namespace: a, functions: [{name: f}]}]}"),
        ("NK0417", "info: {tags: [a], description: 'a <SCRIPT src=x>'}"),
        ("NK0418", "info: {tags: [a], label: 'window.eval(1)'}"),
        ("", "info: {tags: [a], description: 'retrieval(s) of scripts'}"),
    ]);
}

#[test]
fn steps_and_scripts() {
    let tool = |step: &str, control: &str| {
        format!(
            "capability: {{exposes: [{{type: mcp, namespace: a, tools: [{{name: t, steps: [{{{step}}}]}}]}}{control}]}}"
        )
    };
    let control = |defaults: &str| format!(", {{type: control, management: {{scripting: {{{defaults}}}}}}}");
    check(&[
        ("NK0416", &tool("name: 'a b', type: call", "")),
        ("", &tool("name: a_b-1, type: call", "")),
        ("NK0421 NK0421", &tool("name: s, type: script", "")),
        ("NK0421", &tool("name: s, type: script, language: python", "")),
        ("NK0421", &tool("name: s, type: script", &control("defaultLanguage: python"))),
        ("", &tool("name: s, type: script, location: 'file:///a'", &control("defaultLanguage: python"))),
        ("", &tool("name: s, type: script, location: 'file:///a', language: python", "")),
    ]);
}

const API: &str = "consumes: [{namespace: a, description: d, resources: [{path: /, operations: \
                   [{name: read, method: get}, {name: make, method: POST}, {name: drop, method: DELETE}]}]}]";

#[test]
fn hints() {
    let tool = |call: &str, hints: &str| {
        let others: Vec<String> =
            ["read", "make", "drop"].map(|name| format!("{{name: {name}, call: a.{name}}}")).into();
        format!(
            "capability: {{{API}, exposes: [{{type: mcp, namespace: m, tools: [{}, {{name: t, call: {call}, hints: {{{hints}}}}}]}}]}}",
            others.join(", ")
        )
    };
    check(&[
        ("NK0321", &tool("a.read", "destructive: true")),
        ("NK0321", &tool("a.read", "readOnly: false")),
        ("NK0321 NK0321", &tool("a.read", "readOnly: false, destructive: true")),
        ("NK0321", &tool("a.drop", "readOnly: true")),
        ("NK0321", &tool("a.make", "readOnly: true, destructive: true")),
        ("NK0321", &tool("other.make", "readOnly: true, destructive: true")),
        ("", &tool("a.read", "readOnly: true, destructive: false")),
        ("", &tool("a.drop", "readOnly: false, destructive: true")),
        ("", &tool("a.make", "readOnly: true")),
        ("", &tool("other.read", "readOnly: false")),
    ]);
}

#[test]
fn semantics() {
    let case = |semantics: &str, adapter: &str| {
        format!(
            "capability: {{aggregates: [{{namespace: g, functions: [{{name: f, description: d, semantics: {{{semantics}}}}}]}}], \
             exposes: [{{namespace: m, {adapter}}}]}}"
        )
    };
    let tool = |hints: &str| format!("type: mcp, tools: [{{ref: g.f, hints: {{{hints}}}}}]");
    let route = |method: &str| {
        format!("type: rest, resources: [{{path: /, description: d, operations: [{{ref: g.f, method: {method}}}]}}]")
    };
    check(&[
        ("NK0407 NK0407", &case("safe: true", &tool("readOnly: false, destructive: true"))),
        ("NK0407", &case("safe: false", &tool("readOnly: true"))),
        ("NK0407", &case("idempotent: true", &tool("idempotent: false"))),
        ("NK0407", &case("idempotent: false", &tool("idempotent: true"))),
        ("", &case("safe: true, idempotent: true", &tool("readOnly: true, idempotent: true"))),
        ("NK0407", &case("safe: true", &route("DELETE"))),
        ("NK0407", &case("safe: false", &route("GET"))),
        ("NK0407", &case("idempotent: true", &route("POST"))),
        ("", &case("safe: true, idempotent: true", &route("GET"))),
    ]);
}

#[test]
fn operations_that_nothing_calls() {
    let tools =
        |tools: &str| format!("capability: {{{API}, exposes: [{{type: mcp, namespace: m, tools: [{tools}]}}]}}");
    let all = "{name: r, call: a.read}, {name: m, call: a.make}, {name: d, steps: [{name: s, call: a.drop}]}";
    let forward = "resources: [{path: /p, description: d, forward: {targetNamespace: a}, operations: \
                   [{method: GET, call: a.read, description: d}]}]";
    check(&[
        ("NK0432", &tools("{name: r, call: a.read}")),
        ("", &tools(all)),
        ("NK0432", &tools("{name: r, call: {operation: a.read}}")),
        // What these call is inferred, or elsewhere.
        ("", &tools("{name: r, call: read}")),
        ("", &tools("{name: r, call: a.raed}")),
        ("", &tools("{name: r}")),
        ("", &format!("capability: {{{API}, exposes: [{{from: ./a.yaml, import: m}}]}}")),
        // Whole paths are forwarded.
        ("", &format!("capability: {{{API}, exposes: [{{type: rest, namespace: m, {forward}}}]}}")),
        // Nothing is exposed.
        ("", &format!("capability: {{{API}}}")),
    ]);
}
