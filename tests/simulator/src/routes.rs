//! From a method and a raw path to an operation.

use percent_encoding::percent_decode_str;

#[derive(Debug, PartialEq)]
pub(crate) enum Route {
    Metadata,
    Regional { region: String, target: Target },
}

#[derive(Debug, PartialEq)]
pub(crate) enum Target {
    ListSecrets,
    CreateSecret,
    Secret { id: String, action: SecretAction },
    Version { id: String, revision: String, action: VersionAction },
    AccessByPath { revision: String },
}

#[derive(Debug, PartialEq)]
pub(crate) enum SecretAction {
    Get,
    Update,
    Delete,
    AddOwner,
    Protect,
    Unprotect,
    Restore,
    ListVersions,
    CreateVersion,
}

#[derive(Debug, PartialEq)]
pub(crate) enum VersionAction {
    Get,
    Update,
    Delete,
    Access,
    Disable,
    Enable,
    Restore,
}

/// Finds the operation, or nothing for a path that the API does not have.
///
/// The path is split before it is decoded, so an encoded slash stays inside its argument. Empty
/// arguments and placeholders that a client forgot to fill count as unknown paths: they are
/// mistakes of the client, and an unknown path is what its tests notice first.
pub(crate) fn find(method: &str, raw_path: &str) -> Option<Route> {
    let segments: Vec<&str> = raw_path.strip_prefix('/')?.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty() || decode(segment).starts_with('{')) {
        return None;
    }
    match (method, segments.as_slice()) {
        ("GET", ["metadata"]) => Some(Route::Metadata),
        (_, ["secret-manager", "v1beta1", "regions", region, rest @ ..]) => {
            let region = decode(region);
            let target = target(method, rest)?;
            Some(Route::Regional { region, target })
        }
        _ => None,
    }
}

fn target(method: &str, segments: &[&str]) -> Option<Target> {
    match segments {
        ["secrets"] => match method {
            "GET" => Some(Target::ListSecrets),
            "POST" => Some(Target::CreateSecret),
            _ => None,
        },
        // The real API browses folders here; the word is never an identifier.
        ["secrets", "browse"] => None,
        ["secrets", id, rest @ ..] if rest.len() < 2 => {
            Some(Target::Secret { id: decode(id), action: secret_action(method, rest.first().copied())? })
        }
        ["secrets", id, "versions", revision, rest @ ..] if rest.len() < 2 => Some(Target::Version {
            id: decode(id),
            revision: decode(revision),
            action: version_action(method, rest.first().copied())?,
        }),
        ["secrets-by-path", "versions", revision, "access"] if method == "GET" => {
            Some(Target::AccessByPath { revision: decode(revision) })
        }
        _ => None,
    }
}

fn secret_action(method: &str, word: Option<&str>) -> Option<SecretAction> {
    match (method, word) {
        ("GET", None) => Some(SecretAction::Get),
        ("PATCH", None) => Some(SecretAction::Update),
        ("DELETE", None) => Some(SecretAction::Delete),
        ("POST", Some("add-owner")) => Some(SecretAction::AddOwner),
        ("POST", Some("protect")) => Some(SecretAction::Protect),
        ("POST", Some("unprotect")) => Some(SecretAction::Unprotect),
        ("POST", Some("restore")) => Some(SecretAction::Restore),
        ("GET", Some("versions")) => Some(SecretAction::ListVersions),
        ("POST", Some("versions")) => Some(SecretAction::CreateVersion),
        _ => None,
    }
}

fn version_action(method: &str, word: Option<&str>) -> Option<VersionAction> {
    match (method, word) {
        ("GET", None) => Some(VersionAction::Get),
        ("PATCH", None) => Some(VersionAction::Update),
        ("DELETE", None) => Some(VersionAction::Delete),
        ("GET", Some("access")) => Some(VersionAction::Access),
        ("POST", Some("disable")) => Some(VersionAction::Disable),
        ("POST", Some("enable")) => Some(VersionAction::Enable),
        ("POST", Some("restore")) => Some(VersionAction::Restore),
        _ => None,
    }
}

fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: &str = "/secret-manager/v1beta1/regions/fr-par";

    fn secret(id: &str, action: SecretAction) -> Option<Route> {
        Some(Route::Regional { region: "fr-par".to_owned(), target: Target::Secret { id: id.to_owned(), action } })
    }

    #[test]
    fn arguments_are_decoded_after_the_split() {
        let path = format!("{REGION}/secrets/a%2Fb%2F..");
        assert_eq!(find("GET", &path), secret("a/b/..", SecretAction::Get));
    }

    #[test]
    fn path_and_method_select_operations() {
        let path = format!("{REGION}/secrets/x/versions");
        assert_eq!(find("GET", &path), secret("x", SecretAction::ListVersions));
        assert_eq!(find("POST", &path), secret("x", SecretAction::CreateVersion));
        assert_eq!(find("GET", "/metadata"), Some(Route::Metadata));
    }

    #[test]
    fn misspelled_paths_are_unknown_routes() {
        for rest in [
            "",
            "/",
            "/secrets/",
            "//secrets",
            "/secrets//restore",
            "/secrets/a/b",
            "/secrets/browse",
            "/secrets/{secret-id}",
            "/secrets/%7Bsecret_id%7D",
            "/secrets/x/restore/y",
            "/secrets/x/versions/1/access/y",
            "/secrets-by-path/versions/1",
        ] {
            for method in ["GET", "POST"] {
                let path = format!("{REGION}{rest}");
                assert_eq!(find(method, &path), None, "{method} {path}");
            }
        }
        assert_eq!(find("PUT", &format!("{REGION}/secrets")), None);
        assert_eq!(find("GET", "/secret-manager/v1beta1/regions//secrets"), None);
        assert_eq!(find("GET", "/"), None);
    }
}
