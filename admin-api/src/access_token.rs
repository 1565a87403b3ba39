//! Access tokens: JWTs (RFC 7519) signed with Ed25519 (RFC 8037), 15 minutes long.
//!
//! Written here on `ed25519-dalek`, because exactly one algorithm is made and accepted: a general library brings RSA and the
//! NIST curves, or a C library, for code paths that must never run.

use crate::secrets::{Secrets, base64url, from_base64url};
use crate::state::{Identity, SigningKey};
use assay_trading_types::{LoginId, Timestamp, UserId};
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use serde::{Deserialize, Serialize};

/// How long an access token works.
pub const LIFETIME_S: i64 = 15 * 60;

/// Longest token looked at; ours have some 400 characters.
const LENGTH_MAX: usize = 1_024;

const ISSUER: &str = "assay";
const NS_PER_S: i64 = 1_000_000_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The login it belongs to.
    pub sid: LoginId,
    /// When, seconds since 1970.
    pub iat: i64,
    /// Until when.
    pub exp: i64,
}

/// Signs a token for a login with the key in force; nothing while there is none.
pub fn issue(
    secrets: &Secrets,
    keys: &[SigningKey],
    user: UserId,
    login: LoginId,
    now: Timestamp,
) -> Option<String> {
    let key = keys.last()?;
    let iat = now.as_ns() / NS_PER_S;
    let claims = Claims { iss: ISSUER.to_owned(), sub: user, sid: login, iat, exp: iat + LIFETIME_S };
    let header = Header { alg: "EdDSA".to_owned(), typ: "at+jwt".to_owned(), kid: key.kid.clone() };
    let part = |json: Result<Vec<u8>, _>| json.ok().map(|bytes| base64url(&bytes));
    let signed = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(&claims))?);
    let signature = secrets.signing_key(&key.kid).sign(signed.as_bytes());
    Some(format!("{signed}.{}", base64url(&signature.to_bytes())))
}

/// What a token says, when one of our keys signed it and it has not expired.
pub fn verify(identity: &Identity, token: &str, now: Timestamp) -> Option<Claims> {
    if token.len() > LENGTH_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = serde_json::from_slice(&from_base64url(header)?).ok()?;
    if header.alg != "EdDSA" || header.typ != "at+jwt" {
        return None;
    }
    let key = identity.signing_keys().iter().find(|key| key.kid == header.kid)?;
    let signature = Signature::from_slice(&from_base64url(signature)?).ok()?;
    public(key)?.verify_strict(signed.as_bytes(), &signature).ok()?;
    let claims: Claims = serde_json::from_slice(&from_base64url(claims)?).ok()?;
    let now_s = now.as_ns() / NS_PER_S;
    let in_time = now_s < claims.exp && claims.exp - claims.iat <= LIFETIME_S;
    let by_then = key.retired.is_none_or(|retired| claims.iat <= retired.as_ns() / NS_PER_S);
    (claims.iss == ISSUER && in_time && by_then).then_some(claims)
}

/// The keys' public halves as a JWK set (RFC 7517).
pub fn jwks(keys: &[SigningKey]) -> serde_json::Value {
    let jwk = |key: &SigningKey| {
        let x = base64url(&hex::decode(&key.public).unwrap_or_default());
        serde_json::json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": x})
    };
    serde_json::json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() })
}

fn public(key: &SigningKey) -> Option<VerifyingKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(&key.public, &mut bytes).ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * NS_PER_S)
    }

    fn key(secrets: &Secrets, kid: &str, since: i64) -> SigningKey {
        let public = hex::encode(secrets.signing_key(kid).verifying_key().to_bytes());
        SigningKey { kid: kid.to_owned(), public, since: at(since), retired: None }
    }

    fn identity(keys: Vec<SigningKey>) -> Identity {
        let mut json = serde_json::to_value(Identity::default()).unwrap();
        json["signing_keys"] = serde_json::to_value(keys).unwrap();
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_token_ladder() {
        let secrets = Secrets::new([1; 32]);
        let keys = vec![key(&secrets, "k1", 0)];
        let (user, login) = (UserId::new("usr_1").unwrap(), LoginId::new("lgn_1").unwrap());
        let token = issue(&secrets, &keys, user, login, at(1_000)).unwrap();
        let one = identity(keys.clone());
        assert_eq!(verify(&one, &token, at(1_000)).unwrap().sub, user);
        assert!(verify(&one, &token, at(1_000 + LIFETIME_S - 1)).is_some());
        assert!(verify(&one, &token, at(1_000 + LIFETIME_S)).is_none(), "expired");
        assert!(
            verify(&identity(vec![key(&Secrets::new([2; 32]), "k1", 0)]), &token, at(1_000)).is_none(),
            "another key"
        );
        assert!(verify(&identity(vec![key(&secrets, "k2", 0)]), &token, at(1_000)).is_none(), "unknown kid");
        for n in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verify(&one, &changed, at(1_000)).is_none(), "changed at {n}");
        }
        let mut retired = keys;
        retired[0].retired = Some(at(900));
        assert!(verify(&identity(retired), &token, at(1_000)).is_none(), "signed after the key was retired");
        for bad in ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(verify(&one, bad, at(1_000)).is_none(), "{bad}");
        }
    }
}
