//! The example of the language, `spec/examples/garden.yaml`, on its upstream.

use std::fs;

use examples_garden::{Client, mcp, rest};
use naftiko_tests::garden::Garden;
use naftiko_tests::tour::Tour;
use tokio::net::TcpListener;
use xtask::root;

/// Serves the example in front of a garden; gives the addresses of REST and MCP.
async fn serve(garden: &Garden) -> (String, String) {
    let client = Client::builder().base_uri(garden.base_uri()).build().expect("the client is built");
    let application = rest::router(&client).merge(mcp::server(&client).router(mcp::HttpOptions::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let base = format!("http://{}", listener.local_addr().expect("the listener has an address"));
    tokio::spawn(async move { axum::serve(listener, application).await });
    (base.clone(), format!("{base}/mcp"))
}

#[tokio::test]
async fn tour_of_the_language_ends_as_it_should() {
    let garden = Garden::start().await.expect("the garden starts");
    let (rest, mcp) = serve(&garden).await;
    Tour::Garden.take(&garden.base_uri(), &rest, &mcp).await.expect("every step ends as it should");
    assert!(garden.requests() > 10, "{}", garden.requests());
    let lines = Tour::Garden.examples(&garden.base_uri(), &rest, &mcp).await.expect("there is something to show");
    assert!(lines.contains(&format!("curl -s {rest}/beds/1")), "{lines}");
}

#[tokio::test]
async fn client_of_the_example_reads_a_table() {
    let garden = Garden::start().await.expect("the garden starts");
    let client = Client::builder().base_uri(garden.base_uri()).build().expect("the client is built");
    let harvest = client.get_harvest(2025).send().await.expect("there is a harvest");
    assert_eq!(harvest.body()[0]["kg"], "12.50");
}

/// A line of YAML on the page, without what is left out.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    line.split(" # ").next().unwrap_or_default().split('…').map(str::trim)
}

#[test]
fn yaml_on_the_page_of_the_tour_is_that_of_the_example() {
    let page = fs::read_to_string(root().join("docs/tour.md")).expect("the page is there");
    let example = fs::read_to_string(root().join("spec/examples/garden.yaml")).expect("the example is there");
    let blocks: Vec<_> = page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(blocks.len() > 4, "{}", blocks.len());
    for part in blocks.iter().flat_map(|block| block.lines()).flat_map(parts) {
        assert!(example.contains(part), "the example has no `{part}`");
    }
}
