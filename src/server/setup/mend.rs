//! The mend as the page offers it: shown field by field, accepted by a form that names what was shown, told once.

use crate::{
    domain::{sid::AppSid, user::User},
    i18n::Locale,
    server::{
        calls::callbacks::hash,
        clock,
        doctor::{
            Change, Check, Installation, Report,
            mend::{self, By, Failed, Plan},
        },
        error::Result,
        state::AppState,
    },
};
use serde::{Deserialize, Serialize};

/// What could be changed at Twilio.
#[derive(Debug, Clone)]
pub struct Offer {
    pub plan: Plan,
    /// Names this very plan, so that nobody agrees to one thing and gets another.
    pub token: String,
}

/// What became of a mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    Mended {
        application: AppSid,
        changes: Vec<Change>,
        /// `TWILIO_TWIML_APP_SID` has to be set to it.
        to_be_set: bool,
    },
    /// The App is right already.
    Nothing,
    /// It is not as it was when the user agreed: nothing was changed.
    Otherwise,
    /// Twilio did not do it, for this reason.
    Failed {
        said: String,
        /// In whatever language it came.
        detail: Option<String>,
    },
}

impl Told {
    fn failed(failed: &Failed, locale: Locale) -> Self {
        Self::Failed {
            said: failed.words(locale),
            detail: failed.detail(),
        }
    }
}

impl Offer {
    fn of(plan: Plan) -> Self {
        let token = hash(&format!("{plan:?}"));
        Self { plan, token }
    }
}

/// What the page may offer after this report; `None` where there is nothing that we may mend.
pub async fn offer(state: &AppState, report: &Report) -> Option<Offer> {
    let unnamed = state.config.twilio.twiml_app_sid.is_none();
    if report.check != Check::TwimlApp || !(report.can_be_mended() || unnamed) {
        return None;
    }
    let plan = mend::plan(&Installation::of(state)).await;
    plan.ok().flatten().map(Offer::of)
}

/// Does what was offered under that name, and keeps what became of it for the user's next page, in the language of this one.
pub async fn accept(state: &AppState, user: &User, token: &str, locale: Locale) -> Result<()> {
    let told = mended(state, user, token)
        .await
        .unwrap_or_else(|failed| Told::failed(&failed, locale));
    let text = serde_json::to_string(&told).map_err(anyhow::Error::from)?;
    state.store.set_setting(&told_to(user), &text).await?;
    Ok(())
}

async fn mended(state: &AppState, user: &User, token: &str) -> Result<Told, Failed> {
    let installation = Installation::of(state);
    let Some(offer) = mend::plan(&installation).await?.map(Offer::of) else {
        return Ok(Told::Nothing);
    };
    if offer.token != token {
        return Ok(Told::Otherwise);
    }
    let by = By::User(user);
    let mended = mend::apply(&installation, &offer.plan, by, clock::now()).await?;
    Ok(Told::Mended {
        application: mended.application,
        changes: mended.changes,
        to_be_set: mended.to_be_set,
    })
}

/// What became of this user's last mend; forgotten then.
pub(super) async fn told(state: &AppState, user: &User) -> Result<Option<Told>> {
    let name = told_to(user);
    if state.store.setting(&name).await?.is_none() {
        return Ok(None);
    }
    let text = state.store.take_setting(&name).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn told_to(user: &User) -> String {
    format!("setup_told_{}", user.id)
}
