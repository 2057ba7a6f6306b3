//! `X-Twilio-Signature`: base64(HMAC-SHA1(AuthToken, URL + sorted parameters)).
//! Source: Twilio's "Webhooks security" page; vectors from twilio-node `spec/unit/webhooks.spec.ts`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Signs a request to `url` (without its fragment) with these form parameters; a GET has none.
pub fn sign(auth_token: &str, url: &str, params: &[(String, String)]) -> String {
    // Twilio sorts by key, drops repeated equal values and joins without any separator.
    let mut sorted: Vec<&(String, String)> = params.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(url.split('#').next().unwrap_or(url).as_bytes());
    for (key, value) in sorted {
        mac.update(key.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
        params
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn neither_the_order_of_parameters_nor_the_fragment_matters() {
        let params = pairs(&[("b", "2"), ("a", "1"), ("b", "2")]);
        let mut sorted = params.clone();
        sorted.sort();
        sorted.dedup();
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(
            sign("12345", url, &params),
            sign("12345", &format!("{url}#rc=3"), &sorted)
        );
    }

    /// Twilio's documentation, twilio-node (`spec/unit/webhooks.spec.ts`) and twilio-python publish this one.
    #[test]
    fn the_documented_vector_holds() {
        let params = pairs(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]);
        let signature = sign(
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            &params,
        );
        assert_eq!(signature, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }
}
