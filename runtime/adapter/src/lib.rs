//! Code that the REST and MCP adapters share: mapping inputs to arguments, calling operations, and projecting responses.
//!
//! It is internal to the adapters and the server, and has no stable API.

mod accept;
mod call;
mod caller;
mod elements;
mod flow;
mod inputs;
mod lookup;
mod needs;
pub mod numbers;
mod offload;
pub mod origin;
mod output;
mod path;
mod plan;
mod query;
mod receive;
mod repeated;
mod script;
mod shape;
mod shaped;
mod source;
mod step_arguments;
pub mod trace;
mod transform;

pub use accept::accepts;
pub use call::{check_credential, check_sendable, execute, execute_streaming, pass_on, preview};
pub use caller::{Address, Forwarded, Presented, Principal};
pub use flow::View;
pub use inputs::{also_wrong, checked, short, unknown_inputs, values};
pub use offload::{is_long, offload};
pub use output::{document, projected};
pub use plan::{Planned, PlannedRequest};
pub use receive::{BODY_LIMIT, STANDSTILL, Unreceived, receive};
pub use repeated::repeated_name;
pub use script::without_runner;
pub use shaped::{Shaped, apply};
pub use source::Values;
pub use transform::without_transform;
