//! Which operations return secrets.

use naftiko_schema::PathPart;

use crate::paging::rank;

/// Last path segments of operations that return a secret: `…/secrets/{id}/versions/{revision}/access`.
const REVEALING: &[&str] = &["access", "accessversion", "decrypt", "reveal", "unseal", "unwrap", "value"];
/// Path segments of which such an operation has at least one.
const VAULTS: &[&str] = &["secret", "secrets", "secretmanager", "key", "keys", "keymanager", "vault", "vaults"];

/// Whether an operation with this path returns secrets by design.
pub fn path_returns_secrets(path: &[PathPart]) -> bool {
    matches!(path.last(), Some(PathPart::Literal(_)))
        && segments(path).next_back().is_some_and(|last| rank(last, REVEALING).is_some())
        && path_has_vault(path)
}

/// Whether an operation with this path is about secrets or keys.
pub fn path_has_vault(path: &[PathPart]) -> bool {
    segments(path).any(|segment| rank(segment, VAULTS).is_some())
}

/// The literal segments of a path.
fn segments(path: &[PathPart]) -> impl DoubleEndedIterator<Item = &str> {
    let literals = path.iter().filter_map(|part| match part {
        PathPart::Literal(text) => Some(text.split(['/', ':'])),
        PathPart::Parameter(_) | PathPart::Variable(_) => None,
    });
    literals.flatten().filter(|segment| !segment.is_empty())
}

/// Whether an operation returns secrets by design at this path, or what is known of its response says that it does.
#[cfg(feature = "cache")]
pub(crate) fn returns_secrets(operation: &naftiko_schema::Operation, path: &str) -> bool {
    let names_secrets = |schema: &str| !crate::argument::Schema::of(schema).secrets().is_empty();
    path_returns_secrets(&operation.path)
        // The path of a request that is passed on is the caller's.
        || path_returns_secrets(&[PathPart::Literal(path.to_owned().into())])
        || operation.response_schema.as_deref().is_some_and(names_secrets)
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ParameterId, text};

    use super::*;

    #[test]
    fn operations_that_return_secrets_are_recognised_by_path() {
        use PathPart::{Literal, Parameter};

        for (path, returns) in [
            (
                &[
                    Literal(text("/secrets/")),
                    Parameter(ParameterId(0)),
                    Literal(text("/versions/")),
                    Parameter(ParameterId(1)),
                    Literal(text("/access")),
                ][..],
                true,
            ),
            (&[Literal(text("/secrets/")), Parameter(ParameterId(0)), Literal(text("/versions/latest:access"))], true),
            (&[Literal(text("/key-manager/keys/")), Parameter(ParameterId(0)), Literal(text("/decrypt"))], true),
            (
                &[
                    Literal(text("/secrets/")),
                    Parameter(ParameterId(0)),
                    Literal(text("/versions/")),
                    Parameter(ParameterId(1)),
                ],
                false,
            ),
            (&[Literal(text("/secrets/access/")), Parameter(ParameterId(0))], false),
            (&[Literal(text("/rooms/")), Parameter(ParameterId(0)), Literal(text("/access"))], false),
        ] {
            assert_eq!(path_returns_secrets(path), returns, "{path:?}");
        }
    }
}
