//! The forms in which bodies go out and answers come in.

use std::error::Error as _;

use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_tests::World;
use scaleway_secret_manager_secrets::{Call as _, ErrorKind, Phase, RawBody};
use scaleway_simulator::Fault;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{new_secret, scripted};

fn script(answer: ScriptedResponse) -> (Script, scaleway_secret_manager_secrets::Client) {
    let script = Script::new([answer]);
    let client = scripted(&script).build().expect("the client is built");
    (script, client)
}

#[tokio::test]
async fn responses_decode_into_application_types() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Secret {
        id: String,
        tags: Vec<String>,
    }
    let world = World::start().await;
    let id = world.secret("typed").await;
    world.simulator.add_unknown_field(true);
    let response = world.client.get_secret("fr-par", &id).send_as::<Secret>().await.expect("it fits");
    assert_eq!(response.status(), 200);
    assert_eq!(response.body(), &Secret { id, tags: vec!["a".to_owned()] });
}

#[tokio::test]
async fn responses_in_other_charsets_decode_into_application_types() {
    #[derive(Debug, Deserialize)]
    struct Secret {
        name: String,
    }
    let units: Vec<u8> = "{\"name\": \"é\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (media_type, body) in [
        ("application/json; charset=iso-8859-1", b"{\"name\": \"\xe9\"}".to_vec()),
        ("application/json; charset=utf-16le", units.clone()),
        ("application/json", [b"\xff\xfe".as_slice(), &units].concat()),
    ] {
        let answer = ScriptedResponse::status(200).body(media_type, body);
        let client =
            scripted(&Script::new([answer.clone(), answer.clone(), answer])).build().expect("the client is built");
        let response = client.get_secret("fr-par", "some").send_as::<Secret>().await.expect("it fits");
        assert_eq!(response.body().name, "é", "{media_type}");
        let bytes = client.get_secret("fr-par", "some").send_bytes().await.expect("a success");
        assert_eq!(bytes.json::<Secret>().expect("it fits").name, "é", "{media_type}");
        let response = client.get_secret("fr-par", "some").send().await.expect("it fits");
        assert_eq!(response.body().name.as_deref(), Some("é"), "{media_type}");
    }
}

#[tokio::test]
async fn models_are_read_from_json_that_is_served_as_text() {
    let text = |document: serde_json::Value| ScriptedResponse::status(200).body("text/plain", document.to_string());
    let pages = || text(json!({"secrets": [{"name": "a"}], "total_count": 1}));
    let client =
        scripted(&Script::new([text(json!({"name": "a"})), pages(), pages()])).build().expect("the client is built");
    let secret = client.get_secret("fr-par", "some").send().await.expect("it fits");
    assert_eq!(secret.body().name.as_deref(), Some("a"));
    let list = client.list_secrets("fr-par").scheduled_for_deletion(false);
    let page = list.clone().pages().next().await.expect("a page").expect("it fits");
    assert_eq!(page.body().total_count, Some(1));
    let item = list.items().next().await.expect("an item").expect("it fits");
    assert_eq!(item.name.as_deref(), Some("a"));
    let (_, client) = script(ScriptedResponse::status(200).body("text/plain", "no JSON"));
    let error = client.get_secret("fr-par", "some").send().await.expect_err("it is no secret");
    assert!(error.to_string().contains("malformed JSON at line 1, column 2"), "{error}");
}

#[tokio::test]
async fn unknown_response_fields_are_ignored_and_unknown_values_kept() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Secret {
        status: String,
    }
    let (_, client) =
        script(ScriptedResponse::json(200, json!({"status": "hibernating", "field_added_later": {"a": [1]}})));
    let secret = client.get_secret("fr-par", "some").send_as::<Secret>().await.expect("both are new");
    assert_eq!(secret.into_body(), Secret { status: "hibernating".to_owned() });
}

#[tokio::test]
async fn response_type_can_depend_on_status() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Done {
        result: u32,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Accepted {
        task: String,
    }
    #[derive(Debug, PartialEq)]
    enum Outcome {
        Done(Done),
        Accepted(Accepted),
    }
    let (done, accepted) = (json!({"result": 1}), json!({"task": "t"}));
    for (answer, expected) in [
        (ScriptedResponse::json(200, done), Outcome::Done(Done { result: 1 })),
        (ScriptedResponse::json(202, accepted), Outcome::Accepted(Accepted { task: "t".to_owned() })),
    ] {
        let (_, client) = script(answer);
        let response = client.create_secret("fr-par", new_secret()).send_bytes().await.expect("a success");
        let outcome = match response.status().as_u16() {
            202 => Outcome::Accepted(response.json().expect("it fits")),
            _ => Outcome::Done(response.json().expect("it fits")),
        };
        assert_eq!(outcome, expected);
        let error = response.json::<Vec<u8>>().expect_err("it is an object");
        assert!(error.to_string().contains("unexpected JSON type"), "{error}");
    }
}

#[tokio::test]
async fn empty_response_decodes_as_null_for_every_type() {
    for empty in
        [ScriptedResponse::status(204), ScriptedResponse::status(200).header("content-type", "application/json")]
    {
        let script = Script::new(vec![empty; 4]);
        let client = scripted(&script).build().expect("the client is built");
        client.delete_secret("fr-par", "some").send_as::<()>().await.expect("nothing is what was asked for");
        let none = client.delete_secret("fr-par", "some").send_as::<Option<u8>>().await.expect("so is no number");
        assert_eq!(none.into_body(), None);
        let bytes = client.delete_secret("fr-par", "some").send_bytes().await.expect("and no bytes");
        assert!(bytes.body().is_empty());
        let error = client.delete_secret("fr-par", "some").send_as::<u8>().await.expect_err("there is no number");
        assert_eq!(error.kind(), &ErrorKind::Decode);
    }
}

#[tokio::test]
async fn null_and_absent_are_distinct() {
    #[derive(Serialize)]
    struct Update {
        tags: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    }
    let (script, client) = script(ScriptedResponse::json(200, json!({})));
    let update = Update { tags: None, description: None };
    client.update_secret("fr-par", "some", &update).send().await.expect("a success");
    assert_eq!(script.requests()[0].body, r#"{"tags":null}"#, "what is null is sent, what is absent is not");
}

#[tokio::test]
async fn date_times_and_uuids_decode_as_strings_or_as_their_types() {
    #[derive(Deserialize)]
    struct Secret {
        id: uuid::Uuid,
        created_at: jiff::Timestamp,
    }
    let world = World::start().await;
    let id = world.secret("dated").await;
    let plain = world.client.get_secret("fr-par", &id).send().await.expect("a secret").into_body();
    let typed = world.client.get_secret("fr-par", &id).send_as::<Secret>().await.expect("it fits").into_body();
    assert_eq!(plain.id, Some(typed.id.to_string()));
    let created: jiff::Timestamp = plain.created_at.expect("text").parse().expect("RFC 3339");
    assert_eq!(typed.created_at, created);
}

#[tokio::test]
async fn streamed_response_is_not_buffered() {
    let world = World::start().await;
    let body: Vec<u8> = (0..3_u32 << 20).map(|index| (index % 251) as u8).collect();
    world.simulator.fault(Fault::status(200).body("application/octet-stream", body.clone()));
    let call = world.client.get_secret("fr-par", "some");
    let response = call.send_streaming().await.expect("a success");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    let mut stream = response.into_body();
    let (mut received, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        received.extend_from_slice(&piece.expect("a piece"));
        pieces += 1;
    }
    assert!(received == body && pieces > 1, "{} bytes in {pieces} pieces", received.len());
}

#[tokio::test]
async fn broken_or_oversized_stream_ends_with_error() {
    let world = World::start().await;
    world.simulator.fault(Fault::truncated());
    let stream = world.client.get_secret("fr-par", "some").send_streaming().await.expect("it begins").into_body();
    assert_eq!(stream.into_vec().await.expect_err("it breaks off").kind(), &ErrorKind::Transport);
    world.simulator.fault(Fault::status(200).body("a/b", vec![0; 1 << 20]));
    let call = world.client.get_secret("fr-par", "some").response_limit(1000);
    let stream = call.send_streaming().await.expect("it begins").into_body();
    assert_eq!(stream.into_vec().await.expect_err("it is too long").kind(), &ErrorKind::TooLarge { limit: 1000 });
    world.simulator.fault(Fault::status(404).json(json!({"message": "none"})));
    let error = world.client.get_secret("fr-par", "some").send_streaming().await.expect_err("an API error is an error");
    assert_eq!(error.message(), Some("none"));
}

#[tokio::test]
async fn request_body_can_be_text_bytes_or_stream() {
    let world = World::start().await;
    let chunks = || futures_util::stream::iter([Ok::<_, std::io::Error>("{\"a\""), Ok(":1}")]);
    let bodies = [
        (RawBody::text("plain é"), "text/plain; charset=utf-8", "plain é"),
        (RawBody::bytes("application/x-thing", "bytes"), "application/x-thing", "bytes"),
        (RawBody::stream("application/json", chunks()), "application/json", "{\"a\":1}"),
    ];
    for (body, media_type, sent) in bodies {
        world.simulator.fault(Fault::status(200).json(json!({})));
        world.client.create_secret("fr-par", body).send().await.expect("a success");
        let request = world.request();
        assert_eq!(request.header("content-type"), Some(media_type));
        assert_eq!(String::from_utf8_lossy(&request.body), sent);
    }
}

#[tokio::test]
async fn stream_that_fails_is_no_failure_of_the_upstream() {
    let failing = || {
        let chunks = [Ok("{"), Err(std::io::Error::other("the disk is gone"))];
        RawBody::stream("application/json", futures_util::stream::iter(chunks))
    };
    let world = World::start().await;
    let script = Script::new([ScriptedResponse::json(200, json!({}))]);
    let scripted = scripted(&script).build().expect("the client is built");
    for client in [&world.client, &scripted] {
        let error = client.create_secret("fr-par", failing()).send().await.expect_err("there is no more of the body");
        assert_eq!((error.kind(), error.phase()), (&ErrorKind::Body, Phase::Send), "{error}");
        assert!(!error.is_transient() && error.may_have_acted(), "{error:?}");
        assert!(error.to_string().contains("the body of the request cannot be read"), "{error}");
        let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
        assert!(causes.any(|cause| cause.to_string() == "the disk is gone"), "{error:?}");
    }
}

#[tokio::test]
async fn consumed_stream_body_is_not_sent_again_as_empty() {
    let script = Script::new(vec![ScriptedResponse::json(200, json!({})); 2]);
    let client = scripted(&script).build().expect("the client is built");
    let body = RawBody::stream("application/json", futures_util::stream::iter([Ok::<_, std::io::Error>("{}")]));
    client.update_secret("fr-par", "some", body.clone()).send().await.expect("the first time it is there");
    let error = client.update_secret("fr-par", "some", body).send().await.expect_err("it was read");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "body"), "{error}");
    assert_eq!((script.requests().len(), error.attempts()), (1, 0));
}

#[tokio::test]
async fn falsely_declared_gzip_is_a_decode_error() {
    let world = World::start().await;
    let fault = Fault::status(200).body("text/plain", "no gzip").header("content-encoding", "gzip");
    world.simulator.fault(fault.times(3));
    let call = world.client.get_secret("fr-par", "some").retry(Default::default());
    let error = call.send_bytes().await.expect_err("it is no gzip");
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Decode, 1), "a second attempt would not help");
    assert!(error.to_string().contains("its body is malformed, or not in the coding that it names"), "{error}");
    let causes: Vec<_> = std::iter::successors(error.source(), |cause| (*cause).source()).collect();
    assert!(causes.last().is_some_and(|cause| cause.to_string().contains("gzip")), "{error:?}");
}

#[tokio::test]
async fn calls_can_be_stored_and_resent_from_generic_code() {
    async fn twice<C: scaleway_secret_manager_secrets::Call + Clone>(call: C) -> [u16; 2] {
        let status = async |call: C| call.send().await.expect("a success").status().as_u16();
        [status(call.clone()).await, status(call).await]
    }
    let script = Script::new(vec![ScriptedResponse::json(200, json!({})), ScriptedResponse::status(204)]);
    let client = scripted(&script).build().expect("the client is built");
    assert_eq!(twice(client.get_secret("fr-par", "some")).await, [200, 204]);
}

#[tokio::test]
async fn compressed_responses_are_limited_by_decompressed_size() {
    let world = World::start().await;
    // 4 MiB of nothing, which gzip makes small.
    let bomb = |length: usize| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![b' '; length]).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    let fault = |length| Fault::status(200).body("text/plain", bomb(length)).header("content-encoding", "gzip");
    world.simulator.fault(fault(1000));
    let response = world.client.get_secret("fr-par", "some").send_bytes().await.expect("a success");
    assert_eq!(response.body().len(), 1000);
    assert!(world.request().header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
    let small = bomb(4 << 20).len();
    world.simulator.fault(fault(4 << 20));
    let call = world.client.get_secret("fr-par", "some").response_limit(1 << 20);
    let error = call.send_bytes().await.expect_err("it grows too long");
    assert!(small < 1 << 20, "what travels is within the limit: {small}");
    assert_eq!(error.kind(), &ErrorKind::TooLarge { limit: 1 << 20 });
}

#[tokio::test]
async fn request_struct_of_an_operation_can_be_stored_and_passed() {
    fn narrowed(
        list: scaleway_secret_manager_secrets::client::ListSecrets,
    ) -> scaleway_secret_manager_secrets::client::ListSecrets {
        list.name("mine").page_size(1)
    }
    let (script, client) = script(ScriptedResponse::json(200, json!({"secrets": [], "total_count": 0})));
    let answer =
        narrowed(client.list_secrets("fr-par").scheduled_for_deletion(false)).header("x-extra", "1").send().await;
    assert!(answer.expect("a success").body().secrets.is_empty());
    let request = &script.requests()[0];
    assert!(request.target.ends_with("?page_size=1&name=mine&scheduled_for_deletion=false"), "{}", request.target);
    assert_eq!((request.header("x-extra"), request.operation.as_str()), (Some("1"), "listsecrets"));
}
