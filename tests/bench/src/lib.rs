//! How fast a generated server is, beside the least that a server of its kind has to do.

pub mod attack;
pub mod cell;
pub mod load;
pub mod process;
pub mod question;
pub mod report;
pub mod soak;

/// The sizes of responses, in bytes: one secret, a page of them, and far more than one request should ask for.
pub const SIZES: [usize; 3] = [600, 20_000, 1_000_000];

/// The secrets of a region. The name of a secret is the size of the response for it, one of [`SIZES`].
pub const SECRETS: &str = "/secret-manager/v1beta1/regions/fr-par/secrets/";

/// What the generated server and the floor put before the paths of the upstream.
pub const PREFIX: &str = "/v1";
