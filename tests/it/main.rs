//! All integration tests in one binary: they link once.

mod bodies;
mod builds;
mod callers;
mod cases;
mod client;
mod commands;
mod control;
mod corpus;
mod deploy;
mod generation;
mod hostile;
mod logs;
mod mcp;
mod openapi;
mod otlp;
mod paths;
mod properties;
mod protection;
mod quality;
mod rest;
mod rules;
mod scenarios;
mod server;
mod tables;
mod tls;
mod wire;
