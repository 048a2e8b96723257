use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use naftiko_schema::{FileContent, Skill, SkillFile, SkillSource, SkillTool, list, text};
use tower::ServiceExt as _;

use super::*;

static SKILLS: Skills = Skills::new(0).skills(
    const {
        &[
            Skill::new("sow", "How to sow")
                .tools(const { &[SkillTool::new("depth", "How deep", SkillSource::Instruction(text("depth.md")))] })
                .files(
                    const {
                        &[
                            SkillFile::new("SKILL.md", FileContent::Text(text("Sow.\n"))),
                            SkillFile::new("page.html", FileContent::Text(text("<script>"))),
                            SkillFile::new("seed.png", FileContent::Bytes(list(b"\x89\xff"))),
                        ]
                    },
                ),
            Skill::new("rest", "How to wait"),
        ]
    },
);

async fn send(method: &str, path: &str) -> (StatusCode, http::HeaderMap, Vec<u8>) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    let response = router(&SKILLS).oneshot(request).await.expect("a response");
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.expect("a body").to_bytes().to_vec())
}

#[tokio::test]
async fn skills_and_their_files_are_read_over_http() {
    for (path, status, body) in [
        (
            "/skills",
            200,
            r#"{"count":2,"skills":[{"name":"sow","description":"How to sow","tools":["depth"]},{"name":"rest","description":"How to wait","tools":[]}]}"#,
        ),
        (
            "/skills/sow",
            200,
            r#"{"name":"sow","description":"How to sow","tools":[{"name":"depth","description":"How deep","type":"instruction","instruction":"depth.md"}]}"#,
        ),
        ("/skills/sow/contents/SKILL.md", 200, "Sow.\n"),
        ("/skills/rest/contents", 404, ""),
        ("/skills/rest/download", 404, ""),
        ("/skills/sow/contents/", 404, ""),
        ("/skills/sow/contents/../../etc/passwd", 400, ""),
        ("/skills/sow/contents/no.md", 404, ""),
        ("/skills/sow/contents/no%20file.md", 400, ""),
        ("/skills/mow", 404, ""),
    ] {
        let (found, _, text) = send("GET", path).await;
        assert_eq!(found, status, "{path}");
        if status == 200 {
            assert_eq!(String::from_utf8_lossy(&text), body, "{path}");
        }
    }
    let (status, headers, _) = send("POST", "/skills").await;
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &http::HeaderValue::from_static("GET, HEAD")));
}

#[tokio::test]
async fn archive_of_the_same_files_is_the_same_and_holds_them() {
    let (_, headers, first) = send("GET", "/skills/sow/download").await;
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(first, send("GET", "/skills/sow/download").await.2);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(first)).expect("an archive");
    let names: Vec<_> = archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
    assert_eq!(names, ["SKILL.md", "page.html", "seed.png"]);
    let mut bytes = Vec::new();
    std::io::copy(&mut archive.by_name("seed.png").expect("the file"), &mut bytes).expect("it is read");
    assert_eq!(bytes, b"\x89\xff");
}

#[tokio::test]
async fn files_that_a_browser_would_run_are_saved() {
    let (_, headers, _) = send("GET", "/skills/sow/contents/page.html").await;
    assert_eq!(headers["content-disposition"], "attachment");
    assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let (_, headers, _) = send("GET", "/skills/sow/contents/seed.png").await;
    assert!(!headers.contains_key("content-disposition"));
}
