//! What is said on the line when a call cannot be carried: in Arabic, then in English, since the line does not know who listens.
//!
//! The voices are among those that Twilio offers: `Polly.Zeina` speaks `arb` (Modern Standard Arabic), `Polly.Amy` speaks `en-GB`.
//! <https://www.twilio.com/docs/voice/twiml/say/text-speech>

use crate::{domain::view::Reason, server::twilio::twiml};

/// TwiML that tells the agent why the call is not dialled, and hangs up.
pub fn refusal(reason: Reason) -> String {
    let (arabic, english) = words(reason);
    both(arabic, english)
}

/// TwiML that tells the customer that the agent, whose call this is, did not answer; and hangs up.
pub fn apology() -> String {
    both(
        "نعتذر، تعذر توصيلك بموظفنا الآن. سنعاود الاتصال بك.",
        "We are sorry. We could not connect you just now. We will call you again.",
    )
}

fn both(arabic: &str, english: &str) -> String {
    twiml::say_and_hangup(&[
        twiml::Say {
            language: "arb",
            voice: "Polly.Zeina",
            text: arabic,
        },
        twiml::Say {
            language: "en-GB",
            voice: "Polly.Amy",
            text: english,
        },
    ])
}

fn words(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::NumberMissing => ("لم يتم إدخال رقم.", "No number was entered."),
        Reason::NumberInvalid => (
            "هذا الرقم غير صحيح. تحقق منه ثم أعد المحاولة.",
            "That is not a valid number. Please check it and try again.",
        ),
        Reason::CountryNotAllowed => (
            "الاتصال بهذه الدولة غير مسموح.",
            "Calls to that country are not allowed.",
        ),
        Reason::NumberCostly => (
            "الاتصال بالأرقام ذات التكلفة المرتفعة غير مسموح.",
            "Calls to premium-rate and satellite numbers are not allowed.",
        ),
        Reason::NumberShort => (
            "لا يمكن الاتصال بأرقام الطوارئ والأرقام القصيرة من هنا.",
            "Emergency numbers and short codes cannot be called from here.",
        ),
        Reason::CallerUnknown => (
            "حسابك غير مخول بإجراء المكالمات.",
            "Your account may not place calls.",
        ),
        Reason::CallerIdMissing => (
            "لم يتم إعداد رقم المتصل. تواصل مع مسؤول النظام.",
            "No caller number is set up. Please contact your administrator.",
        ),
        Reason::ServerBusy => (
            "النظام مشغول الآن. أعد المحاولة بعد لحظات.",
            "The system is busy. Please try again in a moment.",
        ),
        Reason::AgentNoAnswer => ("لم يتم الرد على المكالمة.", "The call was not answered."),
        Reason::CarrierFailed => ("تعذر إجراء المكالمة.", "The call could not be carried."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_spoken_in_both_languages_and_ends_the_call() {
        let twiml = refusal(Reason::CountryNotAllowed);
        assert!(
            twiml.contains(r#"<Say language="arb" voice="Polly.Zeina">الاتصال"#),
            "{twiml}"
        );
        assert!(
            twiml.contains(r#"<Say language="en-GB" voice="Polly.Amy">Calls to"#),
            "{twiml}"
        );
        assert!(twiml.ends_with("<Hangup/></Response>"), "{twiml}");
    }
}
