//! Names of secrets, by their words: `db_password`, `newPassword`, `X-Auth-Token` and `DBPASSWORD` are about the same.

use super::lists::{ABOUT, CODES, ENDS, FORMS, KEYS, NOUNS, PASSES, PERHAPS_KEYS, PLURALS, PUBLIC, QUESTIONS, TOKENS};
use crate::words::{in_list, words};

/// What the name of a value says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is no secret.
    Plain,
    /// It is a secret.
    Secret,
    /// It is a list of secrets, or how many there are.
    Secrets,
    /// It is a secret if it looks like one.
    Perhaps,
}

/// What a name says about its value.
pub(super) fn meaning(name: &str) -> Meaning {
    if name.is_ascii() {
        return of_name(name);
    }
    // What no one sees separates no words.
    let seen: String = name.chars().filter(|c| c.is_alphanumeric() || c.is_ascii_graphic() || *c == ' ').collect();
    of_name(&seen)
}

fn of_name(name: &str) -> Meaning {
    if !may_be_secret(name) {
        return Meaning::Plain;
    }
    let words = words(name);
    let mut words = words.as_slice();
    let is_constant = name.len() > 1 && !name.bytes().any(|byte| byte.is_ascii_lowercase()) && name.contains('_');
    match words {
        [first, _, ..] if QUESTIONS.has(first) => return Meaning::Plain,
        _ if words.iter().any(|word| PUBLIC.has(word)) => return Meaning::Plain,
        _ => {}
    }
    // Most names that get here are about a secret, and end quickly.
    let is_about = words.last().is_some_and(|last| ABOUT.has(without_digits(last)));
    let is_more = matches!(words, [.., before, last] if in_list(before, "kube session") && in_list(last, "config id"));
    if is_about && !is_more {
        return Meaning::Plain;
    }
    let all = words;
    let own = of_words(words);
    if own != Meaning::Plain {
        return own;
    }
    // The last word says what it is: a `password_policy` is a policy, but a `password_value` is a password.
    while let [before @ .., last] = words
        && !before.is_empty()
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || FORMS.has(without_digits(last)))
    {
        words = before;
        match of_words(words) {
            Meaning::Plain => {}
            // Nothing else is called the data of a key.
            Meaning::Perhaps => return Meaning::Secret,
            other => return other,
        }
    }
    let is_inside = |strong: fn(&[&str]) -> bool| (1..all.len()).any(|end| all.get(..end).is_some_and(strong));
    if !is_about && (is_inside(ends_strongly) || (is_constant && is_inside(|words| of_words(words) == Meaning::Secret)))
    {
        return Meaning::Secret;
    }
    Meaning::Plain
}

/// What the last of the words says.
fn of_words(words: &[&str]) -> Meaning {
    let [before @ .., last] = words else { return Meaning::Plain };
    let last = without_digits(last);
    let previous = before.last().copied().unwrap_or_default();
    let is = |word: &str| last.eq_ignore_ascii_case(word);
    let of_list = |word: &&str| TOKENS.has(word);
    if is("token") || is("tokens") {
        // A token of a user's session is a secret even if it is the next one.
        let counts = before.iter().any(of_list) && !in_list(previous, "access auth refresh session bearer api");
        return if counts {
            Meaning::Plain
        } else if is("token") {
            Meaning::Secret
        } else {
            Meaning::Secrets
        };
    }
    if is("key") || is("keys") {
        let secret =
            ["secret", "private", "priv"].iter().any(|word| before.iter().any(|own| own.eq_ignore_ascii_case(word)));
        return match secret || KEYS.has(previous) || PERHAPS_KEYS.has(previous) {
            false => Meaning::Plain,
            true if !secret && PERHAPS_KEYS.has(previous) => Meaning::Perhaps,
            true if is("keys") => Meaning::Secrets,
            true => Meaning::Secret,
        };
    }
    if NOUNS.has(last) {
        return Meaning::Secret;
    }
    if PLURALS.has(last) {
        return Meaning::Secrets;
    }
    let of = |words, before: &str| in_list(last, words) && in_list(previous, before);
    if (in_list(last, "code codes phrase phrases") && CODES.has(previous))
        || of("verifier", "code")
        || (is("pass") && PASSES.has(previous))
        || of("string str", "connection conn")
        || of("config", "kube")
        || of("sid", "connect session")
    {
        return Meaning::Secret;
    }
    if in_list(last, "auth dsn pass pin sas signature") || of("id", "session") {
        return Meaning::Perhaps;
    }
    let counted = ["pagetoken", "nexttoken", "synctoken"].iter().any(|end| ends_with(last, end));
    if ENDS.split_ascii_whitespace().any(|end| ends_with(last, end)) && !counted {
        Meaning::Secret
    } else {
        Meaning::Plain
    }
}

/// Whether words end with something that is a secret whatever follows: `password_mysql`.
fn ends_strongly(words: &[&str]) -> bool {
    let [before @ .., last] = words else { return false };
    let last = without_digits(last);
    let keys = "api private secret encryption signing";
    let is_key = last.eq_ignore_ascii_case("key") && before.last().is_some_and(|before| in_list(before, keys));
    is_key
        || ["apikey", "passphrase", "passwd", "password", "privatekey", "secretkey"]
            .iter()
            .any(|end| ends_with(last, end))
}

fn ends_with(word: &str, end: &str) -> bool {
    word.len()
        .checked_sub(end.len())
        .and_then(|start| word.get(start..))
        .is_some_and(|last| last.eq_ignore_ascii_case(end))
}

/// A word without the number at its end: `password2`.
fn without_digits(word: &str) -> &str {
    let trimmed = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if trimmed.len() == word.len() || trimmed.is_empty() || FORMS.has(word) { word } else { trimmed }
}

/// Whether a name has a part that the name of every secret has. Most names have none, and this is quick.
fn may_be_secret(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [first, second, more @ ..] = rest {
        let next = |at: usize| more.get(at).map_or(b' ', |byte| byte | 0x20);
        let found = match (first | 0x20, second | 0x20) {
            (b'p', b'w') | (b'j', b'w') => true,
            (b'p', b'a') => next(0) == b's',
            (b'p', b'h') => next(0) == b'r',
            (b'p', b'i') => next(0) == b'n',
            (b'p', b's') => next(0) == b'k',
            (b's', b'e') => matches!((next(0), next(1)), (b'c', b'r') | (b's', b's') | (b'n', b'h')),
            (b's', b'i') => matches!((next(0), next(1)), (b'g', b'n') | (b'd', _)),
            (b's', b'a') => next(0) == b's',
            (b't', b'o') => next(0) == b'k',
            (b'c', b'r') => (next(0), next(1)) == (b'e', b'd'),
            (b'c', b'o') => matches!((next(0), next(1)), (b'o', b'k') | (b'd', b'e') | (b'n', b'n') | (b'n', b't')),
            (b'c', b'v') => matches!(next(0), b'v' | b'c'),
            (b'k', b'e') => matches!(next(0), b'y' | b'n'),
            (b'k', b'u') => next(0) == b'b',
            (b'a', b'u') => next(0) == b't',
            (b'b', b'e') => (next(0), next(1)) == (b'a', b'r'),
            (b'o', b't') => next(0) == b'p',
            (b'm', b'n') => next(0) == b'e',
            (b'n', b'e') => (next(0), next(1)) == (b't', b'r'),
            (b'd', b's') => next(0) == b'n',
            _ => false,
        };
        if found {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// Members that hold the name of another member's value: `{"name": "Authorization", "value": "..."}`.
pub(super) fn is_name(name: &str) -> bool {
    let (folded, length) = folded(name);
    matches!(
        folded.get(..length).unwrap_or_default(),
        [.., b'n', b'a', b'm', b'e']
            | [.., b'k', b'e', b'y']
            | b"attr"
            | b"attribute"
            | b"env"
            | b"environmentvariable"
            | b"envvar"
            | b"field"
            | b"header"
            | b"id"
            | b"k"
            | b"label"
            | b"n"
            | b"option"
            | b"param"
            | b"parameter"
            | b"path"
            | b"prop"
            | b"property"
            | b"setting"
            | b"title"
            | b"type"
            | b"var"
            | b"variable"
    )
}

/// Members that hold the value for such a name.
pub(super) fn is_value(name: &str) -> bool {
    let (folded, length) = folded(name);
    matches!(
        folded.get(..length).unwrap_or_default(),
        [.., b'v', b'a', b'l', b'u', b'e']
            | [b'v', b'a', b'l', b'u', b'e', ..]
            | b"content"
            | b"contents"
            | b"current"
            | b"data"
            | b"default"
            | b"plain"
            | b"plaintext"
            | b"raw"
            | b"string"
            | b"text"
            | b"v"
            | b"val"
    )
}

/// Members that say, by being true, that another one is a secret.
pub(super) fn is_mark(name: &str) -> bool {
    let (folded, length) = folded(name);
    let name = folded.get(..length).unwrap_or_default();
    let name = name.strip_prefix(b"is").unwrap_or(name);
    matches!(name, b"confidential" | b"masked" | b"secret" | b"secure" | b"sensitive")
}

/// A short name in lower case and without signs between its words, and its length. A longer one has none.
fn folded(name: &str) -> ([u8; 20], usize) {
    let (mut folded, mut length) = ([0; 20], 0);
    if name.len() <= folded.len() {
        for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
            if let Some(slot) = folded.get_mut(length) {
                *slot = byte.to_ascii_lowercase();
                length += 1;
            }
        }
    }
    (folded, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_words() {
        let names = "
            password Password PASSWORD passwd pwd PWD passphrase passcode userPassword user_password user-password
            db_password DB_PASSWORD dbPassword DBPassword dbpassword database.password newPassword old_password oldPassword
            currentPassword password_confirmation passwordConfirm password2 password_hash passwordHash hashed_password
            encrypted_password admin_password adminPassword root_password master_password masterUserPassword MYSQL_ROOT_PASSWORD
            POSTGRES_PASSWORD REDIS_PASSWORD smtp_password smtpPass DB_PASS ftp_pass spring.datasource.password
            user[password] defaultPassword initial_password temporaryPassword tempPassword bindPassword ldap_bind_password
            keystore_password truststorePassword sslPassword key_passphrase PASSWORD_MYSQL bcryptPassword
            secret Secret clientSecret client_secret CLIENT_SECRET appSecret app_secret sharedSecret webhook_secret
            signingSecret signing_secret jwt_secret JWT_SECRET session_secret cookieSecret consumerSecret secretValue
            secret_value secretString SecretBinary secret_data totp_secret otpSecret mfa_secret SECRET_KEY_BASE
            token Token accessToken access_token ACCESS_TOKEN authToken auth_token X-Auth-Token x-auth-token refreshToken
            refresh_token id_token idToken bearerToken sessionToken session_token api_token apiToken API_TOKEN csrf_token
            X-CSRF-Token xsrfToken GITHUB_TOKEN github_token gitlabToken SLACK_BOT_TOKEN npm_token NPM_TOKEN botToken
            deviceToken resetToken reset_password_token confirmation_token invite_token personalAccessToken
            X-Vault-Token x-amz-security-token aws_session_token AWS_SESSION_TOKEN TOKEN_GITHUB token_value accesstoken
            apiKey api_key API_KEY api-key apikey x-api-key X-API-Key APIKey apiKeyValue api_keys STRIPE_API_KEY
            stripe_secret_key secretKey secret_key SECRET_KEY secretAccessKey aws_secret_access_key AWS_SECRET_ACCESS_KEY
            private_key privateKey PRIVATE_KEY privateKeyPem private_key_pem ssh_private_key sshPrivateKey rsa_private_key
            client-key-data encryption_key encryptionKey ENCRYPTION_KEY signing_key signingKey masterKey
            master_key sharedAccessKey shared_key hmac_key hmacKey storage_key subscription_key
            Ocp-Apim-Subscription-Key deploy_key tls_key sslKey symmetricKey wireguard_private_key preshared_key
            authorization Authorization proxy-authorization Proxy-Authorization cookie Set-Cookie session_cookie
            credential credentials clientCredentials db_credentials creds kubeconfig kube_config KUBECONFIG
            connectionString connection_string ConnectionString AZURE_STORAGE_CONNECTION_STRING htpasswd netrc jwt
            otp totp recovery_codes recoveryCodes backup_codes verification_code security_code authorization_code
            recovery_phrase seed_phrase mnemonic psk wifi_psk cvv cvc passwort
        ";
        let names: Vec<_> = names.split_whitespace().collect();
        assert!(names.len() >= 124, "{}", names.len());
        let missed: Vec<_> = names.iter().filter(|name| matches!(meaning(name), Meaning::Plain)).collect();
        assert!(missed.is_empty(), "{missed:?}");
        for name in ["pass\u{200b}word", "pässwörd_token"] {
            assert!(meaning(name) != Meaning::Plain, "{name}");
        }
    }

    #[test]
    fn names_about_secrets_are_no_secrets() {
        let names = "
            password_policy passwordPolicy password_length min_password_length password_expires_at passwordLastChanged
            password_changed_at password_enabled password_required has_password hasPassword is_password_set requires_password
            forgot_password show_password password_strength password_hint password_reset_url password_file
            passwordless passenger passed bypass compass passport_number passive pass_rate
            token_count tokenCount max_tokens maxTokens total_tokens prompt_tokens completion_tokens input_tokens
            output_tokens cached_tokens reasoning_tokens next_page_token nextPageToken page_token pageToken nextToken
            NextToken continuation_token continuationToken sync_token nextSyncToken token_type tokenType token_expires_in
            token_url token_endpoint tokenEndpoint token_ttl tokenizer token_name num_tokens
            secret_id secretId secret_name secretName secret_arn secretArn secret_version secret_type secret_count
            secretary secretariat secret_path is_secret secret_manager secretRef
            key key_id keyId access_key_id accessKeyId public_key publicKey ssh_public_key publishable_key primary_key foreign_key
            partition_key sort_key cache_key idempotency_key key_name keyboard keyword keywords monkey turkey keys key_count
            api_key_id apiKeyId api_key_name private_key_id encryption_key_id kms_key_arn
            credential_id credentialId credential_type credentials_expire_at authorization_endpoint authorization_url
            authorized_keys known_hosts auth_type auth_method author authority authenticated
            cookie_policy cookies_enabled session session_timeout status_code statusCode error_code country_code postal_code zip_code
            code codec encoder connection connections connected bearer_methods_supported otp_enabled
            id name description created_at updated_at project_id status tags version_count path type region used_by managed
            ephemeral_policy protected owner email username user total_count items data value content text
        ";
        let names: Vec<_> = names.split_whitespace().collect();
        assert!(names.len() >= 60, "{}", names.len());
        let wrong: Vec<_> =
            names.iter().filter(|name| matches!(meaning(name), Meaning::Secret | Meaning::Secrets)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
