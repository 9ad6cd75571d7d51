//! Access tokens that the service never gave out but that its own key signed: the only way to see from outside what an
//! expired or a misdirected token gets. It finds the key by trying what lies in the data folder on a genuine token.

use std::{fs, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A genuine token taken apart, with the key that signed it.
pub struct Forge {
    header: Value,
    claims: Value,
    key: Vec<u8>,
}

impl Forge {
    /// Takes a genuine token apart and finds its key in a service's data folder.
    pub fn with(genuine: &str, data: &Path) -> Forge {
        let mut parts = genuine.split('.');
        let mut part = || parts.next().expect("a token has three parts");
        let (header, claims, signature) = (part(), part(), part());
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("a signature in base64url");
        let key = keys(data).into_iter().find(|key| hmac(key, signed.as_bytes()) == signature);
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).expect("JSON");
        let key = key.expect("the data folder holds the key of the token, one a line");
        Forge { header: read(header), claims: read(claims), key }
    }

    /// A token whose claims were changed; null takes a claim out.
    pub fn claims(&self, changes: Value) -> String {
        self.sign(&self.header, &changed(&self.claims, changes))
    }

    /// A token whose header was changed.
    pub fn header(&self, changes: Value) -> String {
        self.sign(&changed(&self.header, changes), &self.claims)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(hmac(&self.key, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn changed(part: &Value, changes: Value) -> Value {
    let mut part = part.clone();
    let fields = part.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            fields.remove(name)
        } else {
            fields.insert(name.clone(), value.clone())
        };
    }
    part
}

/// Every line of every small file, as it stands and as what it may encode.
fn keys(data: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(data).into_iter().flatten().flatten().filter(|file| file.path().is_file());
    let texts: Vec<String> = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
    let words = texts.iter().flat_map(|text| text.split_whitespace().chain(text.lines()));
    let keys = words.flat_map(|word| {
        let word = word.trim();
        let decoded = [hex::decode(word).ok(), STANDARD.decode(word).ok(), URL_SAFE_NO_PAD.decode(word).ok()];
        decoded.into_iter().flatten().chain([word.as_bytes().to_vec()])
    });
    keys.collect()
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_hexadecimal_is_found_and_signs_again() {
        let key = b"a key of thirty-two bytes, or so";
        let made = Forge {
            header: serde_json::json!({"alg": "HS256"}),
            claims: serde_json::json!({"exp": 1}),
            key: key.to_vec(),
        };
        let genuine = made.claims(serde_json::json!({}));
        let data = super::super::folder::fresh("forge");
        fs::write(data.join("keys"), format!("{}\n{}\n", hex::encode("another"), hex::encode(key))).unwrap();
        let forge = Forge::with(&genuine, &data);
        assert_eq!(forge.claims(serde_json::json!({})), genuine);
        assert_ne!(forge.claims(serde_json::json!({"exp": 2})), genuine);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(hmac(b"Jefe", b"what do ya want for nothing?")), wanted);
    }
}
