//! All integration tests in one binary: they link once.

mod cases;
mod client;
mod generation;
mod hostile;
mod mcp;
mod properties;
mod rest;
mod scenarios;
mod server;
mod tables;
