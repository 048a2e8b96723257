//! How fast a generated server is, beside the least that a server of its kind has to do.

pub mod cell;
pub mod load;
pub mod process;
pub mod question;
pub mod report;

/// The sizes of answers, in bytes: one secret, a page of them, and far more than anybody should ask for at once.
pub const SIZES: [usize; 3] = [600, 20_000, 1_000_000];

/// The secrets of a region. The upstream gives one of [`SIZES`] bytes to whoever asks for the secret of that name.
pub const SECRETS: &str = "/secret-manager/v1beta1/regions/fr-par/secrets/";

/// What the generated server and the floor put before the paths of the upstream.
pub const PREFIX: &str = "/v1";
