//! Callers who have to prove who they are, because the capability says so.

use naftiko_client::__private::Connection;
use naftiko_client::ClientBuilder;
use naftiko_client::schema::*;
use naftiko_tests::process::{self, Server};
use scaleway_simulator::Simulator;

use crate::built::binary;
use crate::rest::problem;

const CRATE: &str = "cases-callers-that-authenticate";
const VARIABLES: [(&str, &str); 4] = [
    ("CASE_REST_TOKEN", "of-rest"),
    ("CASE_MCP_USER", "somebody"),
    ("CASE_MCP_PASSWORD", "of-mcp"),
    ("CASE_UPSTREAM", "of-the-upstream"),
];

#[tokio::test]
async fn caller_authentication_of_the_capability_is_enforced() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let base_uri = simulator.base_uri();
    let program = binary(CRATE);
    let serve = ["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", &base_uri];
    let mut command = process::command(&program, &serve);
    command.envs(VARIABLES).env("RUST_LOG", "warn,naftiko_runtime=info");
    let server = Server::launch(command).await.expect("the server starts");
    naftiko_client::install_crypto_provider();
    let http = reqwest::Client::new();
    let rest = format!("{}/things", server.rest);
    for (uri, header, wrong, right, challenge) in [
        (&rest, "x-case-key", "of-rest", "case-of-rest", "ApiKey"),
        (
            &server.mcp,
            "authorization",
            "Bearer of-mcp",
            "Basic c29tZWJvZHk6b2YtbWNw",
            "Basic realm=\"server\", charset=\"UTF-8\"",
        ),
    ] {
        for proof in [None, Some(wrong)] {
            let request = proof.into_iter().fold(http.get(uri), |request, proof| request.header(header, proof));
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.headers()["www-authenticate"], challenge, "{uri} with {proof:?}");
            problem(answer, 401).await;
        }
        let answer = http.get(uri).header(header, right).send().await.expect("an answer");
        assert_ne!(answer.status(), 401, "{uri}");
    }
    let requests = simulator.requests();
    assert_eq!(requests.len(), 1, "only who proved himself is heard");
    assert!(requests.iter().all(|request| request.header("x-case-key").is_none()), "the caller's credential ends here");
}

#[tokio::test]
async fn missing_caller_secret_is_named_and_server_does_not_start() {
    let program = binary(CRATE);
    for left_out in ["CASE_REST_TOKEN", "CASE_MCP_PASSWORD"] {
        let mut command = process::command(&program, &["serve", "--rest-port", "0", "--mcp-port", "0"]);
        command.envs(VARIABLES).env_remove(left_out);
        let output = command.output().await.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(left_out) && !said.contains("of-the-upstream"), "{said}");
    }
    // Neither the client nor listings need them.
    let output = process::command(&program, &["tools"]).output().await.expect("it starts");
    assert_eq!(output.status.code(), Some(0));
}

const USER: Template = Template::new(const { &[TemplatePart::Literal(text("ada"))] });
const PASSWORD: Template = Template::new(const { &[TemplatePart::Variable(VariableId(0))] });

/// A client of a server whose callers send digests.
static OF_DIGESTS: Capability = Capability::new("digests", "Digests", "1.2.3")
    .apis(const { &[Api::new("server").credentials(const { &[Credential::Digest(Digest::new(USER, PASSWORD))] })] })
    .variables(const { &[Variable::new("DIGESTS_PASSWORD")] });
static LIST: Operation = Operation::new(OperationId(0), "list", Method::Get, RetrySafety::Never)
    .path(const { &[PathPart::Literal(text("/things"))] });

#[tokio::test]
async fn client_and_server_agree_on_digests() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let base_uri = simulator.base_uri();
    let program = binary("cases-callers-with-digests");
    let mut command =
        process::command(&program, &["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", &base_uri]);
    command.env("CASE_PASSWORD", "of the callers").env("RUST_LOG", "warn,naftiko_runtime=info");
    let server = Server::launch(command).await.expect("the server starts");
    naftiko_client::install_crypto_provider();
    let list = async |password: &str| {
        let builder = ClientBuilder::<Connection>::new(&OF_DIGESTS).base_uri(&*server.rest);
        let client = builder.variable("DIGESTS_PASSWORD", password).build().expect("the client is built");
        client.request(&LIST).send().await.map_err(|error| error.status().map(|status| status.as_u16()))
    };
    // The simulator wants a token, which this server has not.
    assert_eq!(list("of the callers").await.expect_err("the upstream refuses it"), Some(502));
    assert_eq!(simulator.requests().len(), 1);
    assert_eq!(list("another").await.expect_err("it is wrong"), Some(401));
    assert_eq!(simulator.requests().len(), 1);
}
