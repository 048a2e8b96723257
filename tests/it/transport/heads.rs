//! The fields of responses.

use std::time::Duration;

use scaleway_secret_manager_secrets::{Call as _, ErrorKind};

use super::{Step, Upstream, get, response, write};

fn fields(count: usize) -> String {
    (0..count).map(|number| format!("X-Field-{number}: {number}\r\n")).collect()
}

fn count<'a>(names: impl Iterator<Item = &'a reqwest::header::HeaderName>) -> usize {
    names.filter(|name| name.as_str().starts_with("x-field-")).count()
}

#[tokio::test]
async fn hundreds_of_response_fields_are_taken() {
    for number in [98, 150, 500] {
        let upstream = Upstream::whole(&fields(number), b"{}").await;
        let direct = upstream.client().get_secret("fr-par", "one").send_bytes().await.expect("a success");
        assert_eq!(count(direct.headers().keys()), number);
        let answer = get(&upstream.served().await).await;
        assert_eq!(answer.status(), 200, "{number}");
    }
}

#[tokio::test]
async fn response_head_over_the_limits_is_named_and_not_repeated() {
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    for (head, named) in [
        (fields(5000), "too many or too long header fields"),
        (long, "too many or too long header fields"),
        ("Bad Name: 1\r\n".to_owned(), "malformed"),
    ] {
        let upstream = Upstream::whole(&head, b"{}").await;
        let server = upstream.served().await;
        let answer = get(&server).await;
        assert_eq!((answer.status().as_u16(), upstream.requests()), (502, 1), "{named}");
        let text = answer.text().await.expect("it is text");
        assert!(text.contains(named), "{text}");
        let error = upstream.client().get_secret("fr-par", "one").send().await.expect_err("it cannot be read");
        assert_eq!((error.kind(), error.attempts(), upstream.requests()), (&ErrorKind::Decode, 1, 2), "{error:?}");
        assert!(error.to_string().contains(named) && error.may_have_acted(), "{error}");
    }
    let upstream = Upstream::start(vec![write("neither HTTP nor anything else\r\n\r\n")]).await;
    let error = upstream.client().get_secret("fr-par", "one").send().await.expect_err("it cannot be read");
    assert_eq!((error.kind(), upstream.requests()), (&ErrorKind::Decode, 1), "{error:?}");
}

#[tokio::test]
async fn informational_responses_are_taken_up_to_a_number_and_named_beyond() {
    let informational = |count| "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(count);
    let upstream = Upstream::start(vec![write(informational(50)), write(response("", b"{}"))]).await;
    assert_eq!(get(&upstream.served().await).await.status(), 200);
    let pause = Step::Pause(Duration::from_millis(5));
    let flood = vec![[write(informational(60)), pause]; 10].concat();
    let upstream = Upstream::start([flood, vec![Step::Hold]].concat()).await;
    let answer = get(&upstream.served().await).await;
    assert_eq!((answer.status().as_u16(), upstream.requests()), (502, 1));
    let text = answer.text().await.expect("it is text");
    assert!(text.contains("malformed, or has too many"), "{text}");
}
