//! What third-party programs need around a generated server.

pub mod balance;
pub mod documents;
pub mod drift;
pub mod probe;
pub mod record;
pub mod simulator;
pub mod upstream;
