//! The words that names of secrets consist of, and those that make a name something else.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that are a secret, whatever stands before them.
pub(super) const NOUNS: List = List(1);
/// Several of them.
pub(super) const PLURALS: List = List(2);
/// Ends of words that are joined to others: `dbpassword`.
pub(super) const ENDS: &str = "
    accesskeysecret accesstoken accountkey apikey apitoken authkey authtoken bearertoken connectionstring connstring
    credentials csrftoken encryptionkey idtoken kubeconfig masterkey passphrase passwd password privatekey privkey
    refreshtoken secret secretaccesskey secretkey sessionid sessionkey sessiontoken sharedkey signingkey sshkey
    usertoken xsrftoken
";
/// Words before `key` that make it a secret.
pub(super) const KEYS: List = List(4);
/// Words before `key` that make it a secret, unless the value says otherwise.
pub(super) const PERHAPS_KEYS: List = List(8);
/// Words before `code` and `phrase`.
pub(super) const CODES: List = List(16);
/// Words before `pass`.
pub(super) const PASSES: List = List(32);
/// Words after a secret that are the secret itself, in another form.
pub(super) const FORMS: List = List(64);
/// Words after a secret that make it something else.
pub(super) const ABOUT: List = List(128);
/// First words of questions, whose values are yes or no.
pub(super) const QUESTIONS: List = List(256);
/// Words that make a token one of a list, of a text or of a currency.
pub(super) const TOKENS: List = List(512);
/// Words that say that everyone may know it.
pub(super) const PUBLIC: List = List(1024);

/// The words of each list.
const WORDS: &[(List, &str)] = &[
    (
        NOUNS,
        "
    authorization bearer contrasena contraseña cookie cred credential creds credentials cvc cvv htpasswd jwt kennwort
    kubeconfig mnemonic netrc otp passcode passe passkey passphrase passwd password passwort pgpass psk pw pwd secret senha token
    totp
",
    ),
    (
        PLURALS,
        "
    cookies jwts otps passcodes passphrases passwds passwords pwds secrets tokens
",
    ),
    (
        KEYS,
        "
    access account admin aes api app application auth authentication cipher client consumer crypto decryption deploy
    des dsa ec ecdsa ed25519 encryption function gpg hmac host identity integration jwt license licence master pgp
    preshared priv private recovery root rsa secret server service session shared signing ssh ssl storage
    subscription symmetric tls webhook wg wireguard write
",
    ),
    (
        PERHAPS_KEYS,
        "
    access account app application client host identity primary secondary server service ssh
",
    ),
    (
        CODES,
        "
    2fa access auth authorization backup card login mfa onetime otp pairing pass pin recovery secret security seed sms
    time totp verification
",
    ),
    (
        PASSES,
        "
    admin amqp auth basic database db email ftp http imap key keystore ldap login mail mongo mysql my pg postgres
    proxy rabbitmq redis root sftp smtp ssh sudo truststore user wifi
",
    ),
    (
        FORMS,
        "
    again b64 backup base base32 base64 binary blob bytes ciphertext clear cleartext confirm confirmation content
    contents current data decoded default dev digest encoded encrypted env hash hashed header hex initial json jwk
    list live new old onetime payload pem pkcs8 plain plaintext primary prod production raw repeat salt secondary
    seed staging str string temp temporary test text val value values verify wo
",
    ),
    (
        ABOUT,
        "
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
",
    ),
    (
        QUESTIONS,
        "
    allow allows can disable disabled enable enabled enforce force forgot has have hide ignore is must need needs no
    require required requires should show skip support supports use uses with without
",
    ),
    (
        TOKENS,
        "
    accepted audio available average avg batch bos budget cached cls completion context continuation continue count
    cursor design end eos erc20 estimated first fungible gas generated generation governance idempotency input last
    limit list marker mask max maximum min minimum n native next nft num number offset output pad page pagination
    paging per position prediction prev previous prompt reasoning rejected remaining resume resumption scroll sep
    special start starting stop sync text thinking total unk used vocab watermark
",
    ),
    (
        PUBLIC,
        "
    pub public publishable authorized known
",
    ),
];

/// All words, with the lists that have them.
static LISTS: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| {
    let mut lists = HashMap::new();
    for (List(list), words) in WORDS {
        words.split_ascii_whitespace().for_each(|word| *lists.entry(word).or_default() |= list);
    }
    lists
});

/// A list of words, as a bit.
#[derive(Clone, Copy)]
pub(super) struct List(u16);

impl List {
    /// Whether a word is in the list, in any case.
    pub(super) fn has(self, word: &str) -> bool {
        let mut buffer = [0; 24];
        let Some(lower) = buffer.get_mut(..word.len()) else { return false };
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        let lists = std::str::from_utf8(lower).ok().and_then(|lower| LISTS.get(lower));
        lists.is_some_and(|lists| lists & self.0 != 0)
    }
}
