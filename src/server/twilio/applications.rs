//! TwiML Apps. <https://www.twilio.com/docs/usage/api/applications>

use super::client::{Client, Result};
use crate::domain::sid::AppSid;
use serde::{Deserialize, Deserializer};

/// The parts of a TwiML App that calls depend on. A field that is not set is empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Application {
    pub sid: AppSid,
    #[serde(default, deserialize_with = "text")]
    pub friendly_name: String,
    #[serde(default, deserialize_with = "text")]
    pub voice_url: String,
    #[serde(default, deserialize_with = "text")]
    pub voice_method: String,
    #[serde(default, deserialize_with = "text")]
    pub voice_fallback_url: String,
    #[serde(default, deserialize_with = "text")]
    pub status_callback: String,
    #[serde(default, deserialize_with = "text")]
    pub status_callback_method: String,
}

#[derive(Deserialize)]
struct Page {
    applications: Vec<Application>,
}

impl Client {
    pub async fn fetch_application(&self, sid: &AppSid) -> Result<Application> {
        self.get(&self.resource(&format!("/Applications/{sid}.json"))?, &[])
            .await
    }

    /// The account's first thousand; who has more has them made by a program.
    pub async fn applications(&self) -> Result<Vec<Application>> {
        let path = self.resource("/Applications.json")?;
        let page: Page = self.get(&path, &[("PageSize", "1000")]).await?;
        Ok(page.applications)
    }

    /// Changes what the form names, by Twilio's parameter names; the rest stays.
    pub async fn update_application(
        &self,
        sid: &AppSid,
        form: &[(&'static str, String)],
    ) -> Result<Application> {
        self.post(&self.resource(&format!("/Applications/{sid}.json"))?, form)
            .await
    }

    pub async fn create_application(&self, form: &[(&'static str, String)]) -> Result<Application> {
        self.post(&self.resource("/Applications.json")?, form).await
    }
}

/// Null where nothing is set.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
