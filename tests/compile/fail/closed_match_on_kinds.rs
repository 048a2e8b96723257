use scaleway_secret_manager_secrets::{Error, ErrorKind};

fn explain(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Arguments(_) => "arguments",
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Transport => "transport",
        ErrorKind::Status(_) => "status",
        ErrorKind::TooLarge { .. } => "too large",
        ErrorKind::Decode => "decode",
        ErrorKind::Token => "token",
        ErrorKind::Runtime => "runtime",
        ErrorKind::Paging(_) => "paging",
    }
}

fn main() {
    let _ = explain;
}
