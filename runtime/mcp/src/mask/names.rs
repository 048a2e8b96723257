//! Names of secrets, by their words: `db_password`, `newPassword`, `X-Auth-Token` and `DBPASSWORD` are about the same.

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

/// Words that are a secret, whatever stands before them.
const NOUNS: &str = "
    authorization bearer contrasena cookie cred credential creds credentials cvc cvv htpasswd jwt kennwort
    kubeconfig mnemonic netrc otp passcode passphrase passwd password passwort pgpass psk pw pwd secret senha token
    totp
";
/// Several of them.
const PLURALS: &str = "
    cookies jwts otps passcodes passphrases passwds passwords pwds secrets tokens
";
/// Ends of words that are joined to others: `dbpassword`.
const ENDS: &str = "
    accesskeysecret accesstoken accountkey apikey apitoken authkey authtoken bearertoken connectionstring connstring
    credentials csrftoken encryptionkey idtoken kubeconfig masterkey passphrase passwd password privatekey privkey
    refreshtoken secret secretaccesskey secretkey sessionid sessionkey sessiontoken sharedkey signingkey sshkey
    usertoken xsrftoken
";
/// Words before `key` that make it a secret.
const KEYS: &str = "
    access account admin aes api app application auth authentication cipher client consumer crypto decryption deploy
    des dsa ec ecdsa ed25519 encryption function gpg hmac host identity integration jwt license licence master pgp
    preshared priv private recovery root rsa secret server service session shared signing ssh ssl storage
    subscription symmetric tls webhook wg wireguard write
";
/// Words before `key` that make it a secret, unless the value says otherwise.
const PERHAPS_KEYS: &str = "
    access account app application client host identity primary secondary server service ssh
";
/// Words before `code` and `phrase`.
const CODES: &str = "
    2fa access auth authorization backup card login mfa onetime otp pairing pass recovery secret security seed sms
    time totp verification
";
/// Words before `pass`.
const PASSES: &str = "
    admin amqp auth basic database db email ftp http imap key keystore ldap login mail mongo mysql my pg postgres
    proxy rabbitmq redis root sftp smtp ssh sudo truststore user wifi
";
/// Words after a secret that are the secret itself, in another form.
const FORMS: &str = "
    again b64 backup base base32 base64 binary blob bytes ciphertext clear cleartext confirm confirmation content
    contents current data decoded default dev digest encoded encrypted env hash hashed header hex initial json jwk
    list live new old onetime payload pem pkcs8 plain plaintext primary prod production raw repeat salt secondary
    seed staging str string temp temporary test text val value values verify wo
";
/// Words after a secret that make it something else.
const ABOUT: &str = "
    age algorithm alg allowed arn at attempts audience auto balance bits bucket budget category change changed
    checker class complexity config configuration count counts created crc32 cursor date days description digits dir
    disabled duration email enabled endpoint engine entropy error errors exists expiration expire expired expires
    expiry failures field file filename fingerprint folder format generated generator help hint history holder hours
    id ids identifier index input instructions interval issuer kind label last length level lifetime limit limits
    link location managed manager max message method min minutes mode model name names namespace needed number on
    owner path paths pattern period permission permissions placeholder policies policy position prefix present price
    prompt protected protection provider quota rate ref reference refs regex region required requirement
    requirements reset resource role roles rotated rotation rule rules scheme scope scopes score seconds selector
    server service set size source standard state status storage store strength supply supported symbol tag tags
    target time timeout timestamp title total ttl type types unit updated uri url urls usage use used user username
    uses valid validation validity vault verified version versions window zone manager protocol delivery template
";
/// First words of questions, whose values are yes or no.
const QUESTIONS: &str = "
    allow allows can disable disabled enable enabled enforce force forgot has have hide ignore is must need needs no
    require required requires should show skip support supports use uses with without
";
/// Words that make a token one of a list, of a text or of a currency.
const TOKENS: &str = "
    accepted audio available average avg batch bos budget cached cls completion context continuation continue count
    cursor design end eos erc20 estimated first fungible gas generated generation governance idempotency input last
    limit list marker mask max maximum min minimum n native next nft num number offset output pad page pagination
    paging per position prediction prev previous prompt reasoning rejected remaining resume resumption scroll sep
    special start starting stop sync text thinking total unk used vocab watermark
";
/// Words that say that everyone may know it.
const PUBLIC: &str = "
    pub public publishable authorized known
";

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
        [first, _, ..] if in_list(first, QUESTIONS) => return Meaning::Plain,
        _ if words.iter().any(|word| in_list(word, PUBLIC)) => return Meaning::Plain,
        _ => {}
    }
    let all = words;
    let own = of_words(words);
    if own != Meaning::Plain {
        return own;
    }
    // The last word says what it is: a `password_policy` is a policy, but a `password_value` is a password.
    while let [before @ .., last] = words
        && !before.is_empty()
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || in_list(without_digits(last), FORMS))
    {
        words = before;
        match of_words(words) {
            Meaning::Plain => {}
            other => return other,
        }
    }
    let is_about = all.last().is_some_and(|last| in_list(without_digits(last), ABOUT));
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
    let of_list = |word: &&str| in_list(word, TOKENS);
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
        return match secret || in_list(previous, KEYS) || in_list(previous, PERHAPS_KEYS) {
            false => Meaning::Plain,
            true if !secret && in_list(previous, PERHAPS_KEYS) => Meaning::Perhaps,
            true if is("keys") => Meaning::Secrets,
            true => Meaning::Secret,
        };
    }
    if in_list(last, NOUNS) {
        return Meaning::Secret;
    }
    if in_list(last, PLURALS) {
        return Meaning::Secrets;
    }
    let of = |words, before| in_list(last, words) && in_list(previous, before);
    if of("code codes phrase phrases", CODES)
        || of("pass", PASSES)
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
    if trimmed.is_empty() || in_list(word, FORMS) { word } else { trimmed }
}

/// Whether a name has the start of a word that a secret has. Most names have none, and this is quick.
fn may_be_secret(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        matches!(
            (first | 0x20, second | 0x20),
            (b'p', b'a' | b'w' | b's' | b'i' | b'g' | b'h')
                | (b's', b'e' | b'i' | b'a')
                | (b't', b'o')
                | (b'c', b'r' | b'o' | b'v')
                | (b'k', b'e' | b'u')
                | (b'a', b'u')
                | (b'j', b'w')
                | (b'b', b'e')
                | (b'o', b't')
                | (b'm', b'n')
                | (b'n', b'e')
                | (b'd', b's')
                | (b'h', b't')
        )
    }) && ROOTS.iter().any(|root| name.as_bytes().windows(root.len()).any(|window| window.eq_ignore_ascii_case(root)))
}

/// Parts of the words of secrets, at least one of which is in each of their names.
const ROOTS: &[&[u8]] = &[
    b"pass",
    b"pw",
    b"secret",
    b"token",
    b"cred",
    b"key",
    b"auth",
    b"jwt",
    b"bearer",
    b"cookie",
    b"otp",
    b"cv",
    b"code",
    b"phrase",
    b"kube",
    b"psk",
    b"mnemonic",
    b"senha",
    b"kennwort",
    b"contrasena",
    b"conn",
    b"dsn",
    b"pin",
    b"netrc",
    b"sid",
    b"session",
    b"sign",
    b"sas",
];

/// Members that hold the name of another member's value: `{"name": "Authorization", "value": "..."}`.
pub(super) fn is_name(name: &str) -> bool {
    let (folded, length) = folded(name);
    matches!(
        folded.get(..length).unwrap_or_default(),
        b"attr"
            | b"attribute"
            | b"env"
            | b"environmentvariable"
            | b"envvar"
            | b"field"
            | b"fieldname"
            | b"header"
            | b"headername"
            | b"id"
            | b"k"
            | b"key"
            | b"keyname"
            | b"label"
            | b"n"
            | b"name"
            | b"option"
            | b"param"
            | b"parameter"
            | b"parametername"
            | b"path"
            | b"prop"
            | b"property"
            | b"propertyname"
            | b"setting"
            | b"title"
            | b"type"
            | b"var"
            | b"variable"
            | b"variablename"
    )
}

/// Members that hold the value for such a name.
pub(super) fn is_value(name: &str) -> bool {
    let (folded, length) = folded(name);
    matches!(
        folded.get(..length).unwrap_or_default(),
        b"content"
            | b"contents"
            | b"current"
            | b"currentvalue"
            | b"data"
            | b"default"
            | b"defaultvalue"
            | b"plain"
            | b"plaintext"
            | b"raw"
            | b"string"
            | b"stringvalue"
            | b"text"
            | b"v"
            | b"val"
            | b"value"
            | b"values"
            | b"valuestring"
    )
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
