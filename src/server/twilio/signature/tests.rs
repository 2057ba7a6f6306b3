//! The vectors are those that Twilio's own helper libraries are tested with: twilio-python `tests/unit/test_request_validator.py` and
//! twilio-node `spec/unit/webhooks/webhooks.spec.js`.

use super::*;
use proptest::prelude::*;

const PATH: &str = "/myapp.php?foo=1&bar=2";

fn verifier(token: &str, public_url: &str) -> Verifier {
    Verifier::new(
        vec![Secret::new(token)],
        &Url::parse(public_url).expect("a URL"),
    )
}

fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn call() -> Vec<(String, String)> {
    params(&[
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ])
}

#[test]
fn a_form_is_signed_as_twilio_python_signs_it() {
    let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    assert_eq!(
        sign(
            &Secret::new("12345"),
            &format!("https://mycompany.com{PATH}"),
            &call()
        ),
        signature
    );
    assert_eq!(
        verifier("12345", "https://mycompany.com").verify(PATH, &call(), Some(signature)),
        Ok(())
    );
}

#[test]
fn repeated_keys_are_sorted_and_lose_their_duplicates() {
    let signature = "IK+Dwps556ElfBT0I3Rgjkr1wJU=";
    let verifier = verifier("12345", "https://mycompany.com");
    let once = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
    ];
    assert_eq!(
        verifier.verify(PATH, &params(&once), Some(signature)),
        Ok(())
    );
    let twice = [
        ("Digits", "1234"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Sid", "CA123"),
    ];
    assert_eq!(
        verifier.verify(PATH, &params(&twice), Some(signature)),
        Ok(())
    );
}

#[test]
fn the_port_may_be_signed_or_not() {
    for (public_url, signature) in [
        ("https://mycompany.com:1234", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("http://mycompany.com:1234", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("https://mycompany.com", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ] {
        assert_eq!(
            verifier("12345", public_url).verify(PATH, &call(), Some(signature)),
            Ok(()),
            "{public_url}"
        );
    }
}

#[test]
fn a_body_is_bound_by_its_hash_in_the_query() {
    let path = format!(
        "{PATH}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    );
    let verifier = verifier("12345", "https://mycompany.com");
    let signature = Some("a9nBmqA0ju/hNViExpshrM61xv4=");
    assert_eq!(
        verifier.verify_body(
            &path,
            br#"{"property": "value", "boolean": true}"#,
            signature
        ),
        Ok(())
    );
    assert_eq!(
        verifier.verify_body(
            &path,
            br#"{"property": "other", "boolean": true}"#,
            signature
        ),
        Err(Refusal::OtherBody)
    );
    assert_eq!(
        verifier.verify_body(&path, b"", signature),
        Err(Refusal::OtherBody)
    );
}

#[test]
fn a_quote_in_the_query_may_be_escaped_on_either_side() {
    let token = Secret::new("s3cr3t");
    let verifier = verifier("s3cr3t", "https://example.com");
    let [plain, escaped] = ["/path?test=param'WithQuote", "/path?test=param%27WithQuote"];
    for signed in [plain, escaped] {
        let signature = sign(&token, &format!("https://example.com{signed}"), &[]);
        for received in [plain, escaped] {
            assert_eq!(
                verifier.verify(received, &[], Some(&signature)),
                Ok(()),
                "{signed} {received}"
            );
        }
    }
    let other = sign(&token, "https://example.com/path?test=param", &[]);
    assert_eq!(
        verifier.verify("/path?test=param2", &[], Some(&other)),
        Err(Refusal::Wrong)
    );
}

#[test]
fn a_query_with_signs_and_spaces_is_accepted_as_received() {
    let token = Secret::new("t");
    for query in ["a='&b=@c:d", "a=1+2", "a=1%202&b", "a=%D8%A7"] {
        let signature = sign(&token, &format!("https://h.example/p?{query}"), &[]);
        assert_eq!(
            verifier("t", "https://h.example").verify(
                &format!("/p?{query}"),
                &[],
                Some(&signature)
            ),
            Ok(()),
            "{query}"
        );
    }
}

#[test]
fn the_prefix_of_public_url_is_part_of_what_is_signed() {
    let signature = sign(&Secret::new("t"), "https://h.example/calls/api/x", &call());
    assert_eq!(
        verifier("t", "https://h.example/calls").verify("/api/x", &call(), Some(&signature)),
        Ok(())
    );
    assert_eq!(
        verifier("t", "https://h.example/calls/").verify("/api/x", &call(), Some(&signature)),
        Ok(())
    );
    assert_eq!(
        verifier("t", "https://h.example").verify("/api/x", &call(), Some(&signature)),
        Err(Refusal::Wrong)
    );
}

#[test]
fn the_fragment_that_asks_for_retries_may_be_signed_or_not() {
    for url in [
        "https://h.example/x".to_owned(),
        format!("https://h.example/x{RETRIES}"),
    ] {
        let signature = sign(&Secret::new("t"), &url, &call());
        assert_eq!(
            verifier("t", "https://h.example").verify("/x", &call(), Some(&signature)),
            Ok(()),
            "{url}"
        );
    }
}

#[test]
fn both_tokens_are_accepted_during_a_rotation_and_no_third() {
    let public_url = Url::parse("https://h.example").expect("a URL");
    let verifier = Verifier::new(vec![Secret::new("new"), Secret::new("old")], &public_url);
    for (token, expected) in [
        ("new", Ok(())),
        ("old", Ok(())),
        ("other", Err(Refusal::Wrong)),
    ] {
        let signature = sign(&Secret::new(token), "https://h.example/x", &call());
        assert_eq!(
            verifier.verify("/x", &call(), Some(&signature)),
            expected,
            "{token}"
        );
    }
}

#[test]
fn without_a_token_everything_is_refused() {
    let verifier = Verifier::new(vec![], &Url::parse("https://h.example").expect("a URL"));
    let signature = sign(&Secret::new(""), "https://h.example/x", &[]);
    assert_eq!(
        verifier.verify("/x", &[], Some(&signature)),
        Err(Refusal::NoToken)
    );
    assert_eq!(verifier.verify("/x", &[], None), Err(Refusal::NoToken));
    assert_eq!(verifier.sign("/x", &[]), None);
}

#[test]
fn what_is_no_signature_is_refused() {
    let verifier = verifier("12345", "https://mycompany.com");
    let long = "A".repeat(10_240);
    for (header, refusal) in [
        (None, Refusal::Missing),
        (Some(""), Refusal::Missing),
        (Some("!!!"), Refusal::Malformed),
        (Some(long.as_str()), Refusal::Malformed),
        (Some("RSOY"), Refusal::Wrong),
        (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA="), Refusal::Wrong),
    ] {
        assert_eq!(
            verifier.verify(PATH, &call(), header),
            Err(refusal),
            "{header:?}"
        );
    }
}

#[test]
fn parameters_are_ordered_by_name_and_not_by_name_and_value() {
    let token = Secret::new("t");
    let pairs = params(&[("Reason", "Zebra"), ("ReasonConferenceEnded", "x")]);
    let right = sign(&token, "https://h.example/x", &pairs);
    assert_eq!(
        verifier("t", "https://h.example").verify("/x", &pairs, Some(&right)),
        Ok(())
    );
    let wrong = sign(
        &token,
        "https://h.example/xReasonConferenceEndedxReasonZebra",
        &[],
    );
    assert_eq!(
        verifier("t", "https://h.example").verify("/x", &pairs, Some(&wrong)),
        Err(Refusal::Wrong)
    );
}

proptest! {
    #[test]
    fn what_we_sign_we_accept_and_one_changed_value_we_refuse(
        pairs in prop::collection::vec(("[A-Za-z]{1,8}", "\\PC{0,12}"), 1..8),
        query in "[a-z]{1,4}=[a-z0-9%'@:+]{0,8}",
        changed in any::<prop::sample::Index>(),
    ) {
        let verifier = verifier("secret", "https://h.example:8443/base");
        let path = format!("/api/x?{query}");
        let signature = verifier.sign(&path, &pairs).expect("a token");
        prop_assert_eq!(verifier.verify(&path, &pairs, Some(&signature)), Ok(()));
        let mut other = pairs.clone();
        let index = changed.index(other.len());
        other[index].1.push('x');
        prop_assert_eq!(verifier.verify(&path, &other, Some(&signature)), Err(Refusal::Wrong));
    }
}
