//! From what Twilio answered to each credential, to which value is wrong. Pure.

use super::{
    super::{
        Check, Found, Status, Unasked,
        trouble::{self, Trouble},
    },
    Access, ApiKeyFound, AuthTokenFound, ClockFound, Found as AccountFound,
};
use crate::server::twilio::access::Answer;

/// "Account not active." <https://www.twilio.com/docs/api/errors/20005>
const NOT_ACTIVE: i64 = 20_005;
/// "Resource not accessible with Test Account Credentials." <https://www.twilio.com/docs/api/errors/20008>
const TEST_CREDENTIALS: i64 = 20_008;

/// What Twilio answered to one credential.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Credential {
    Unset,
    Opens(Answer),
    /// 401, or 403.
    Refused(Answer),
    /// 404: the credential is good, but what it asked for is not its own.
    NotThere(Answer),
    Trouble(Trouble),
}

/// All that was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub token: Credential,
    pub key: Credential,
    /// The API secret opens the account as if it were the Auth Token.
    pub swapped: bool,
    /// Does anybody get to see the account's numbers, which the key was asked for?
    pub numbers_exist: bool,
    pub token_chars: usize,
    pub secret_chars: usize,
    /// Milliseconds since 1970, when the answers came.
    pub now: i64,
}

impl Credential {
    pub(super) fn of(asked: Option<Result<Answer, Trouble>>) -> Self {
        match asked {
            None => Self::Unset,
            Some(Err(trouble)) => Self::Trouble(trouble),
            Some(Ok(answer)) if answer.is_success() => Self::Opens(answer),
            Some(Ok(answer)) if answer.status == 404 => Self::NotThere(answer),
            Some(Ok(answer)) => Self::Refused(answer),
        }
    }

    pub(super) fn opens(&self) -> bool {
        matches!(self, Self::Opens(_))
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Opens(answer) | Self::Refused(answer) | Self::NotThere(answer) => Some(answer),
            Self::Unset | Self::Trouble(_) => None,
        }
    }
}

pub(super) fn judge(seen: &Seen) -> Access {
    let answers = || {
        [&seen.token, &seen.key]
            .into_iter()
            .filter_map(Credential::answer)
    };
    if let Some(took) = answers().map(|answer| answer.took).min() {
        let account = account(seen);
        let auth_token = auth_token(seen);
        let api_key = api_key(seen);
        let date = answers().find_map(|answer| answer.date);
        let clock = match date {
            Some(date) => ClockFound::Skew((seen.now - date.as_millisecond()) / 1000),
            None => ClockFound::Unknown,
        };
        return Access {
            twilio: trouble::Found::Answers(took).into(),
            opens: opens(seen, &account, &auth_token, &api_key),
            account,
            auth_token,
            api_key,
            clock: clock.into(),
        };
    }
    // Nobody answered: one fault, or nothing was asked.
    let (twilio, blame) = match (&seen.token, &seen.key) {
        (Credential::Trouble(trouble), _) | (_, Credential::Trouble(trouble)) => (
            trouble::Found::Trouble(trouble.clone()).into(),
            Check::Twilio,
        ),
        _ => (after(Check::Configuration), Check::Configuration),
    };
    Access {
        twilio,
        account: after(blame),
        auth_token: after(blame),
        api_key: after(blame),
        clock: after(blame),
        opens: Err(blame),
    }
}

fn account(seen: &Seen) -> Found {
    if seen.swapped {
        return after(Check::AuthToken);
    }
    match (&seen.token, &seen.key) {
        (Credential::Opens(answer), _) => match answer.account() {
            Some(account) if account.status != "active" => AccountFound::NotActive(account.status),
            Some(account) if account.kind == "Trial" => AccountFound::Trial,
            Some(account) => {
                AccountFound::Active(Some(account.friendly_name).filter(|name| !name.is_empty()))
            }
            None => AccountFound::Trouble(Trouble::Foreign("no account in the answer".to_owned())),
        },
        (Credential::Refused(answer), _) if answer.code == Some(NOT_ACTIVE) => {
            AccountFound::NotActive("suspended".to_owned())
        }
        (Credential::NotThere(_), _) => AccountFound::NotOurs,
        (
            Credential::Refused(_) | Credential::Unset | Credential::Trouble(_),
            Credential::Opens(_),
        ) => AccountFound::Active(None),
        (Credential::Refused(answer), Credential::Refused(_) | Credential::NotThere(_))
            if answer.code != Some(TEST_CREDENTIALS) =>
        {
            AccountFound::NotOurs
        }
        (Credential::Refused(_), _) => return after(Check::AuthToken),
        (Credential::Trouble(trouble), _) => AccountFound::Trouble(trouble.clone()),
        (Credential::Unset, Credential::Unset) => return after(Check::Configuration),
        (Credential::Unset, Credential::Trouble(trouble)) => AccountFound::Trouble(trouble.clone()),
        (Credential::Unset, _) => return after(Check::ApiKey),
    }
    .into()
}

fn auth_token(seen: &Seen) -> Found {
    if seen.swapped {
        return AuthTokenFound::Swapped.into();
    }
    match (&seen.token, &seen.key) {
        (Credential::Unset, _) => return after(Check::Configuration),
        (Credential::Opens(_), _) => AuthTokenFound::Accepted,
        (Credential::Trouble(_), _) => return after(Check::Account),
        (Credential::NotThere(_), _) => return after(Check::Account),
        (Credential::Refused(answer), _) if answer.code == Some(TEST_CREDENTIALS) => {
            AuthTokenFound::Test
        }
        (Credential::Refused(answer), _) if answer.code == Some(NOT_ACTIVE) => {
            return after(Check::Account);
        }
        (Credential::Refused(_), Credential::Refused(_) | Credential::NotThere(_)) => {
            return after(Check::Account);
        }
        (Credential::Refused(_), _) => AuthTokenFound::Refused {
            chars: seen.token_chars,
        },
    }
    .into()
}

fn api_key(seen: &Seen) -> Found {
    if seen.swapped {
        return after(Check::AuthToken);
    }
    match (&seen.key, &seen.token) {
        (Credential::Unset, _) => return after(Check::Configuration),
        (Credential::Opens(_), _) => ApiKeyFound::Accepted,
        (Credential::Trouble(trouble), _) => ApiKeyFound::Trouble(trouble.clone()),
        (Credential::NotThere(_), Credential::Opens(_)) if seen.numbers_exist => {
            ApiKeyFound::OtherAccount
        }
        (Credential::NotThere(_), Credential::Opens(_)) => ApiKeyFound::Accepted,
        (Credential::NotThere(_), _) => return after(Check::Account),
        (Credential::Refused(answer), Credential::Opens(_)) if answer.status == 403 => {
            ApiKeyFound::Restricted
        }
        (Credential::Refused(_), Credential::Refused(_) | Credential::NotThere(_)) => {
            return after(Check::Account);
        }
        (Credential::Refused(_), _) => ApiKeyFound::Refused {
            chars: seen.secret_chars,
        },
    }
    .into()
}

/// The client tries the key, then the token: one that opens is enough, in an account that is active.
fn opens(seen: &Seen, account: &Found, auth_token: &Found, api_key: &Found) -> Result<(), Check> {
    let is_problem = |found: &Found| found.finding().status() == Status::Problem;
    if is_problem(account) {
        return Err(Check::Account);
    }
    // Asked first, it is answered 404 where the token would be let in.
    if matches!(api_key, Found::ApiKey(ApiKeyFound::OtherAccount)) {
        return Err(Check::ApiKey);
    }
    if seen.token.opens() || seen.key.opens() {
        return Ok(());
    }
    Err(if is_problem(auth_token) {
        Check::AuthToken
    } else if is_problem(api_key) {
        Check::ApiKey
    } else {
        Check::Configuration
    })
}

fn after(check: Check) -> Found {
    Unasked::After(check).into()
}
