//! Where an account may call. <https://www.twilio.com/docs/voice/api/dialingpermissions-country-resource>

use super::client::{Client, Result, Service};
use serde::Deserialize;

#[derive(Deserialize)]
struct Country {
    low_risk_numbers_enabled: bool,
}

impl Client {
    /// May ordinary numbers of that country (ISO code) be called? `None` where Twilio has no such resource.
    pub async fn may_dial(&self, country: &str) -> Result<Option<bool>> {
        let path = format!("/v1/DialingPermissions/Countries/{country}");
        match self.get_from::<Country>(Service::Voice, &path, &[]).await {
            Ok(found) => Ok(Some(found.low_risk_numbers_enabled)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
