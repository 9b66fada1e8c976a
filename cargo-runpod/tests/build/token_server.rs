//! A token server, as registries such as Docker Hub and ghcr.io have one: it checks a login, and signs tokens that a real
//! registry verifies.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::registry::{PASSWORD, Registry, USER, length};

/// A token that a login is exchanged for, as `docker login` stores it.
pub(crate) const IDENTITY: &str = "an-identity-token-that-must-not-be-shown";

const SERVICE: &str = "a registry of the tests";

pub(crate) struct TokenServer {
    pub(crate) registry: Registry,
    pub(crate) signer: Arc<Signer>,
    /// The permissions of each request for a token.
    asked: Arc<Mutex<Vec<String>>>,
}

/// Signs tokens. The registry has its certificate.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    /// In base64, as in a PEM file.
    certificate: String,
}

impl TokenServer {
    /// Starts a token server, and a registry that demands its tokens. The tokens are valid for `lifetime` seconds.
    pub(crate) fn start(lifetime: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let realm = format!("http://{}/token", listener.local_addr().unwrap());
        let signer = Arc::new(Signer::new());
        let registry = Registry::with_file(
            &format!(
                "auth: {{token: {{realm: '{realm}', service: {SERVICE}, issuer: tests, rootcertbundle: FILE}}}}\n"
            ),
            &format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                signer.certificate
            ),
        );
        let asked = Arc::default();
        let (log, signs) = (Arc::clone(&asked), Arc::clone(&signer));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A client that is gone needs no answer.
                let _ = answer(client, &log, &signs, lifetime);
            }
        });
        Self {
            registry,
            signer,
            asked,
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(
    client: TcpStream,
    asked: &Mutex<Vec<String>>,
    signer: &Signer,
    lifetime: i64,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let mut body = vec![0; usize::try_from(length(&head)).unwrap()];
    reader.read_exact(&mut body)?;
    let Some(target) = head.split(' ').nth(1) else {
        // A connection that was opened in advance.
        return Ok(());
    };
    let query = match target.split_once('?') {
        Some((_, query)) => query.to_owned(),
        None => String::from_utf8(body).unwrap(),
    };
    let url = Url::parse(&format!("http://host/?{query}")).unwrap();
    let given = |name: &str| {
        let pairs = url.query_pairs().filter(|(key, _)| key == name);
        let values: Vec<_> = pairs.map(|(_, value)| value.into_owned()).collect();
        values.join(" ")
    };
    let login = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let is_known = head
        .lines()
        .any(|line| line.eq_ignore_ascii_case(&format!("authorization: basic {login}")))
        || given("refresh_token") == IDENTITY && given("grant_type") == "refresh_token";
    let mut client = client;
    if !is_known || given("service") != SERVICE {
        // Some servers repeat what they got.
        let body = json!({ "errors": [{ "code": "DENIED", "message": format!("{PASSWORD} is refused") }] });
        return respond(&mut client, "401 Unauthorized", &body);
    }
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(given("scope"));
    let body = json!({ "token": signer.token(&given("scope"), lifetime), "expires_in": lifetime });
    respond(&mut client, "200 OK", &body)
}

fn respond(client: &mut TcpStream, status: &str, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

impl Signer {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let (key, random) = (key.serialize_der(), SystemRandom::new());
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self {
            key: EcdsaKeyPair::from_pkcs8(algorithm, &key, &random).unwrap(),
            certificate: BASE64_STANDARD.encode(certificate.der()),
        }
    }

    /// Returns a token with these permissions, which expires in `seconds`.
    pub(crate) fn token(&self, scopes: &str, seconds: i64) -> String {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let access: Vec<Value> = scopes
        .split_whitespace()
        .map(|scope| {
            let parts: Vec<&str> = scope.split(':').collect();
            let [kind, name, actions] = parts[..] else { panic!("{scope} is no permission") };
            json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() })
        })
        .collect();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": "tests", "sub": USER, "aud": SERVICE, "jti": "1", "iat": now, "nbf": now - 3600, "exp": now + seconds,
            "access": access,
        });
        let mut text = String::new();
        for part in [header, claims] {
            let part = BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
            let _ = write!(text, "{}{part}", if text.is_empty() { "" } else { "." });
        }
        let random = SystemRandom::new();
        let signature = self.key.sign(&random, text.as_bytes()).unwrap();
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}
