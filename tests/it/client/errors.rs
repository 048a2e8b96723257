//! What an error says, and what it must not say.

use std::error::Error as _;
use std::time::Duration;

use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_client::{BoxFuture, TransportError};
use scaleway_secret_manager_secrets::{
    Attempt, Call as _, Client, Error, ErrorKind, Phase, RawBody, RetryPolicy, SecretBody, Transport,
};
use scaleway_simulator::{Fault, Simulator, TOKEN};
use serde::Deserialize;
use serde_json::json;

use super::scripted;

async fn failure(answer: ScriptedResponse) -> Error {
    let client = scripted(&Script::new([answer])).retry(RetryPolicy::none()).build().expect("the client is built");
    client.get_secret("fr-par", "some").send().await.expect_err("the script fails")
}

#[tokio::test]
async fn api_error_has_status_code_and_message_of_upstream() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Detail {
        argument_name: String,
        reason: String,
    }
    #[derive(Deserialize)]
    struct Document {
        details: Vec<Detail>,
    }
    let document = json!({
        "type": "invalid_arguments",
        "message": "invalid argument(s)",
        "details": [{"argument_name": "name", "reason": "format", "help_message": "cannot have same secret name"}],
    });
    let answer =
        ScriptedResponse::json(400, document.clone()).header("x-request-id", "the-id").header("x-more", "kept");
    let error = failure(answer).await;
    assert!(matches!(error.kind(), ErrorKind::Status(status) if status.as_u16() == 400));
    assert_eq!((error.operation(), error.phase(), error.attempts()), ("getsecret", Phase::Receive, 1));
    assert_eq!((error.upstream_type(), error.message()), (Some("invalid_arguments"), Some("invalid argument(s)")));
    assert_eq!((error.request_id(), error.is_transient()), (Some("the-id"), false));
    assert_eq!(error.headers().expect("there are headers")["x-more"], "kept");
    let api_error = error.api_error().expect("the upstream answered");
    assert_eq!(
        (api_error.details.as_ref(), api_error.document.as_ref()),
        (Some(&document["details"]), Some(&document))
    );
    let typed: Document = error.body_as().expect("it fits");
    assert_eq!(typed.details, [Detail { argument_name: "name".into(), reason: "format".into() }]);
    let text = error.to_string();
    for part in ["getsecret", "400", "invalid_arguments", "invalid argument(s)", "the-id"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn api_errors_of_every_shape_are_parsed() {
    let problem = json!({"type": "https://e.test/gone", "title": "Gone", "detail": "it is gone", "status": 410});
    let problem = ScriptedResponse::status(410).body("application/problem+json", problem.to_string());
    let cases = [
        (ScriptedResponse::json(404, json!({"message": "lbs not Found"})), None, Some("lbs not Found")),
        (problem, Some("https://e.test/gone"), Some("it is gone")),
        (
            ScriptedResponse::status(502).body("text/html", "<html><title>Bad Gateway</title>"),
            None,
            Some("Bad Gateway"),
        ),
        (ScriptedResponse::status(429).header("x-envoy-ratelimited", "true"), None, None),
        (
            ScriptedResponse::status(503).body("application/json", "upstream request timeout"),
            None,
            Some("upstream request timeout"),
        ),
        (ScriptedResponse::status(500).body("application/json", vec![0xff, 0xff]), None, Some("\u{fffd}\u{fffd}")),
    ];
    for (answer, kind, message) in cases {
        let error = failure(answer).await;
        assert_eq!((error.upstream_type(), error.message()), (kind, message), "{error}");
    }
}

#[tokio::test]
async fn errors_report_phase_and_cause() {
    let cases = [
        (ScriptedResponse::unreachable(), ErrorKind::Connect, Phase::Connect),
        (ScriptedResponse::broken(), ErrorKind::Transport, Phase::Send),
        (ScriptedResponse::json(200, json!({})).breaks_off(), ErrorKind::Transport, Phase::Receive),
        (ScriptedResponse::status(200).body("application/json", "{"), ErrorKind::Decode, Phase::Decode),
    ];
    for (answer, kind, phase) in cases {
        let error = failure(answer).await;
        assert_eq!((error.kind(), error.phase()), (&kind, phase));
        // Either the text says the cause, or the chain does; never both.
        let cause = error.source().map(ToString::to_string);
        assert_eq!(cause.is_none(), kind == ErrorKind::Decode, "{error:?}");
        assert!(cause.is_none_or(|cause| !error.to_string().contains(&cause)), "{error}");
    }
    let client = scripted(&Script::default()).build().expect("the client is built");
    let error = client.get_secret("fr-par", "..").send().await.expect_err("it would leave its path");
    assert_eq!((error.phase(), error.attempts()), (Phase::Prepare, 0));
    let client = scripted(&Script::default()).token_provider(|| Err("the vault is closed".into()));
    let error = client.build().expect("built").get_secret("fr-par", "id").send().await.expect_err("there is no token");
    assert_eq!((error.kind(), error.phase()), (&ErrorKind::Token, Phase::Prepare));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the vault is closed"));
}

#[tokio::test]
async fn errors_do_not_show_secrets() {
    let value = "correct horse battery staple";
    let echo = format!("cannot store {value}, token {TOKEN}");
    let document = json!({"message": echo, "details": [{"help_message": echo}]});
    let bodies: [fn(&str) -> SecretBody<RawBody>; 2] =
        [|text| SecretBody::new(RawBody::text(text)), |text| SecretBody::new(RawBody::bytes("a/b", text.to_owned()))];
    for body in bodies {
        let script = Script::new([ScriptedResponse::json(400, document.clone())]);
        let client = scripted(&script).build().expect("the client is built");
        let error = client.create_secret("fr-par", body(value)).send().await.expect_err("an API error");
        let body = String::from_utf8_lossy(error.body()).into_owned();
        let all = format!("{error} {error:?} {:?} {body} {:?}", error.message(), error.api_error());
        assert!(!all.contains(value) && !all.contains(TOKEN), "{all}");
        assert!(body.contains("[redacted]"), "{body}");
    }
    let script = Script::new([ScriptedResponse::json(400, document)]);
    let client = scripted(&script).build().expect("the client is built");
    let body = SecretBody::new(json!({"data": {"value": [value]}}));
    assert!(!format!("{body:?}").contains(value));
    let error = client.create_secret("fr-par", body).unchecked().send().await.expect_err("an API error");
    assert!(!String::from_utf8_lossy(error.body()).contains(value), "{error}");
}

#[tokio::test]
async fn api_errors_in_other_charsets_are_read_and_redacted() {
    let document = format!("{{\"type\": \"wrong\", \"message\": \"Schlüssel {TOKEN}\"}}");
    let latin: Vec<u8> = document.chars().map(|c| u8::try_from(u32::from(c)).expect("it is in Latin-1")).collect();
    let units: Vec<u8> = document.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [b"\xfe\xff".as_slice(), &units].concat();
    for (media_type, expected, body) in [
        ("application/json; charset=iso-8859-1", "application/json", latin.clone()),
        ("application/problem+json;charset=UTF-16BE", "application/problem+json", units),
        ("application/json", "application/json", marked),
        ("application/json", "application/json", format!("\u{feff}{document}").into_bytes()),
        ("text/plain; charset=iso-8859-1", "text/plain; charset=utf-8", latin),
    ] {
        let error = failure(ScriptedResponse::status(400).body(media_type, body)).await;
        assert!(error.message().is_some_and(|message| message.contains("Schlüssel [redacted]")), "{error}");
        assert_eq!(error.headers().expect("there are headers")["content-type"], expected);
        let read: serde_json::Value = error.body_as().expect("it is JSON");
        assert_eq!(read["message"], "Schlüssel [redacted]", "{media_type}");
        assert!(!String::from_utf8_lossy(error.body()).replace('\0', "").contains(TOKEN), "{media_type}");
    }
}

#[tokio::test]
async fn errors_do_not_show_encoded_secrets() {
    let key = "-----BEGIN KEY-----\nAb+/\"\\é\n";
    let document = json!({"pem": key, "pin": 123_456, "short": "pass", "long": "password12345678"});
    let escaped = serde_json::to_string(&json!({"message": document})).expect("it is JSON");
    let ascii = escaped.replace('é', "\\u00e9");
    let form = format!("password12345678 and {}", naftiko_tests::encode(key));
    for echo in [escaped, ascii, form] {
        let raw = RawBody::bytes("application/json", document.to_string());
        let answer =
            || ScriptedResponse::status(400).body("application/json", echo.clone()).header("x-request-id", TOKEN);
        let script = Script::new([answer(), answer()]);
        let client = scripted(&script).build().expect("the client is built");
        let errors = [
            client
                .create_secret("fr-par", SecretBody::new(&document))
                .unchecked()
                .send()
                .await
                .expect_err("an API error"),
            client.create_secret("fr-par", SecretBody::new(raw)).send().await.expect_err("an API error"),
        ];
        for error in errors {
            let body = String::from_utf8_lossy(error.body()).into_owned();
            let all = format!("{error} {error:?} {body} {:?} {:?}", error.headers(), error.request_id());
            for secret in ["BEGIN", "Ab+", "Ab%2B", "123456", "pass", "12345678", TOKEN] {
                // The names of members are no secrets.
                assert!(!all.replace("\"pass", "").contains(secret), "{secret}: {all}");
            }
        }
    }
}

#[tokio::test]
async fn errors_of_custom_transport_do_not_show_upstream_address() {
    struct Careless(reqwest::Client);
    impl Transport for Careless {
        fn send<'a>(
            &'a self,
            request: reqwest::Request,
            _: &'a Attempt<'_>,
        ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
            Box::pin(async move { self.0.execute(request).await.map_err(TransportError::connect) })
        }
    }
    naftiko_client::install_crypto_provider();
    let builder = Client::builder().base_uri("http://127.0.0.1:9/a-private-path").token(TOKEN);
    let builder = builder.transport(Careless(reqwest::Client::new())).retry(RetryPolicy::none());
    let client = builder.build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("no server listens");
    assert!(!format!("{error:?}").contains("a-private-path"), "{error:?}");
}

#[tokio::test]
async fn errors_do_not_show_upstream_address() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).retry(RetryPolicy::none());
    let client = builder.timeout(Duration::from_millis(100)).build().expect("the client is built");
    for fault in [Fault::reset(), Fault::truncated(), Fault::slow(Duration::from_secs(60)), Fault::status(503)] {
        simulator.fault(fault);
        let call = client.list_secrets("fr-par").scheduled_for_deletion(false).name("a-private-name");
        let error = call.send().await.expect_err("the fault strikes");
        let mut text = format!("{error} {error:?}");
        let mut cause = error.source();
        while let Some(next) = cause {
            text.push_str(&format!(" {next} {next:?}"));
            cause = next.source();
        }
        assert!(!text.contains("a-private-name") && !text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn decode_error_has_location_and_does_not_quote_the_body() {
    #[derive(Debug, Deserialize)]
    struct Wrong {
        #[expect(dead_code, reason = "it is never made")]
        id: u32,
    }
    let script = Script::new([ScriptedResponse::json(200, json!({"id": "hidden value"}))]);
    let client = scripted(&script).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send_as::<Wrong>().await.expect_err("the id is text");
    assert_eq!((error.kind(), error.phase()), (&ErrorKind::Decode, Phase::Decode));
    let text = format!("{error} {error:?}");
    assert!(text.contains("unexpected JSON type, expected u32 at line 1, column"), "{text}");
    assert_eq!(error.attempts(), 1);
    assert!(!text.contains("hidden"), "{text}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200), "the call itself succeeded");
}

#[tokio::test]
async fn decode_error_names_missing_member_and_item_index() {
    #[derive(Debug, Deserialize)]
    struct Secret {
        #[expect(dead_code, reason = "it is never made")]
        nam: String,
    }
    let items = json!({"secrets": [{"name": "hidden"}], "total_count": 1});
    let script =
        Script::new([ScriptedResponse::json(200, json!({"name": "hidden"})), ScriptedResponse::json(200, items)]);
    let client = scripted(&script).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send_as::<Secret>().await.expect_err("it is misspelt");
    assert!(error.to_string().contains("the field `nam` is missing"), "{error}");
    let mut secrets = client.list_secrets("fr-par").scheduled_for_deletion(false).items_as::<Secret>();
    let error = secrets.next().await.expect("an error").expect_err("it is misspelt");
    assert!(error.to_string().contains("item 1: the field `nam` is missing"), "{error}");
    assert_eq!((error.attempts(), error.status().map(|s| s.as_u16())), (1, Some(200)));
    assert!(!format!("{error} {error:?}").contains("hidden"));
}

#[tokio::test]
async fn long_api_error_body_and_message_are_bounded() {
    let error = failure(ScriptedResponse::status(500).body("text/plain", vec![b'x'; 3 << 20])).await;
    assert_eq!(error.body().len(), 1 << 20);
    assert_eq!(error.message().map(str::len), Some(500));
}
