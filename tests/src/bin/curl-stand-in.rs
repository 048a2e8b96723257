//! What the page for operators needs of curl, for machines without it.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use reqwest::{Client, Method, Response};

/// The exit code of curl if it cannot connect, or gets no response.
const NO_RESPONSE: u8 = 7;

#[derive(Default)]
struct Options {
    urls: Vec<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    output: Option<String>,
    format: String,
    heads: bool,
}

impl Options {
    fn of(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} has no value"));
            match argument.as_str() {
                "-s" => {}
                "-I" => options.heads = true,
                "-X" => options.method = Some(value()?),
                "-d" => options.body = Some(value()?),
                "-o" => options.output = Some(value()?),
                "-w" => options.format = value()?,
                "-H" => {
                    let value = value()?;
                    let (name, value) = value.split_once(':').ok_or_else(|| format!("{value} is no header"))?;
                    options.headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                other if other.starts_with('-') => return Err(format!("{other} is not supported here")),
                url => options.urls.push(url.to_owned()),
            }
        }
        Ok(options)
    }

    async fn send(&self, client: &Client, url: &str) -> reqwest::Result<Response> {
        let usual = if self.heads { "HEAD" } else { self.body.as_ref().map_or("GET", |_| "POST") };
        let method = self.method.as_deref().unwrap_or(usual);
        let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap_or_default(), url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        request.send().await
    }

    async fn show(&self, response: Response) -> Result<(), Box<dyn std::error::Error>> {
        let status = response.status();
        let mut shown = Vec::new();
        if self.heads {
            writeln!(shown, "HTTP/1.1 {status}\r")?;
            for (name, value) in response.headers() {
                writeln!(shown, "{name}: {}\r", String::from_utf8_lossy(value.as_bytes()))?;
            }
            writeln!(shown, "\r")?;
        } else {
            shown = response.bytes().await?.to_vec();
        }
        match &self.output {
            Some(file) => fs::write(file, shown)?,
            None => io::stdout().write_all(&shown)?,
        }
        let report = self.format.replace("%{http_code}", status.as_str()).replace("\\n", "\n");
        Ok(io::stdout().write_all(report.as_bytes())?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    naftiko_client::install_crypto_provider();
    let options = match Options::of(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let Ok(client) = Client::builder().no_proxy().build() else { return ExitCode::from(2) };
    for url in &options.urls {
        let Ok(response) = options.send(&client, url).await else { return ExitCode::from(NO_RESPONSE) };
        // The reader of a pipe may have enough.
        if let Err(problem) = options.show(response).await
            && problem.downcast_ref::<io::Error>().is_none_or(|error| error.kind() != io::ErrorKind::BrokenPipe)
        {
            eprintln!("{problem}");
            return ExitCode::from(NO_RESPONSE);
        }
    }
    ExitCode::SUCCESS
}
