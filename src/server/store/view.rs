//! Calls as people see them: one statement, one row, one [`CallView`].

use super::{Result, StoreError};
use crate::{
    domain::{
        call::Origin,
        sid::{CallSid, RecordingSid},
        view::{AgentView, CallView, Reason, RecordingView},
    },
    server::clock::rfc3339,
};

/// `select` of what [`ViewRow`] holds, with what follows `from …`. Of several recordings the one to play is shown.
macro_rules! select_views {
    ($($rest:expr),* $(,)?) => {
        concat!(
            "select c.change, c.sid, c.direction, c.origin, c.from_number, c.to_number, c.status, c.reason, c.started_at, c.answered_at,
                c.ended_at, c.duration_secs, c.child_sid, c.recording_status, c.attempt, u.id as agent_id, u.name as agent_name,
                r.sid as r_sid, r.status as r_status, r.duration_secs as r_duration_secs, r.channels as r_channels
            from calls c
            left join users u on u.identity = c.agent_identity
            left join recordings r on r.sid = (
                select sid from recordings where call_sid = c.sid
                order by case status when 'completed' then 0 when 'processing' then 1 when 'in-progress' then 2 else 3 end, created_at desc, sid
                limit 1
            ) ",
            $($rest),*
        )
    };
}
pub(super) use select_views;

#[derive(sqlx::FromRow)]
pub(super) struct ViewRow {
    pub change: i64,
    pub started_at: i64,
    sid: String,
    direction: String,
    origin: Option<String>,
    from_number: String,
    to_number: String,
    status: String,
    reason: Option<String>,
    answered_at: Option<i64>,
    ended_at: Option<i64>,
    duration_secs: Option<i64>,
    child_sid: Option<String>,
    recording_status: Option<String>,
    attempt: Option<String>,
    agent_id: Option<String>,
    agent_name: Option<String>,
    r_sid: Option<String>,
    r_status: Option<String>,
    r_duration_secs: Option<i64>,
    r_channels: Option<i64>,
}

impl TryFrom<ViewRow> for CallView {
    type Error = StoreError;
    fn try_from(row: ViewRow) -> Result<Self> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of call {}", row.sid));
        let recording_status = row.r_status.as_ref().or(row.recording_status.as_ref());
        let agent_channel = if row.origin.as_deref() == Some(Origin::Page.as_str()) {
            1
        } else {
            2
        };
        let recording = match recording_status {
            None => None,
            Some(status) => Some(RecordingView {
                sid: row
                    .r_sid
                    .as_deref()
                    .map(RecordingSid::parse)
                    .transpose()
                    .map_err(|_| corrupt("recording"))?,
                status: status.parse().map_err(|_| corrupt("recording status"))?,
                duration_secs: row.r_duration_secs,
                channels: row.r_channels,
                agent_channel,
            }),
        };
        Ok(Self {
            direction: word(&row.direction).ok_or_else(|| corrupt("direction"))?,
            agent: row.agent_id.clone().map(|id| AgentView {
                id,
                name: row.agent_name.clone().unwrap_or_default(),
            }),
            status: row.status.parse().map_err(|_| corrupt("status"))?,
            started_at: rfc3339(row.started_at),
            answered_at: row.answered_at.map(rfc3339),
            ended_at: row.ended_at.map(rfc3339),
            duration_secs: row.duration_secs,
            child_sid: row
                .child_sid
                .as_deref()
                .map(CallSid::parse)
                .transpose()
                .map_err(|_| corrupt("child_sid"))?,
            recording,
            reason: row
                .reason
                .as_deref()
                // One that a later version has is no reason to this one.
                .and_then(word::<Reason>),
            replaces: row
                .attempt
                .as_deref()
                .filter(|attempt| *attempt != row.sid)
                .map(CallSid::parse)
                .transpose()
                .map_err(|_| corrupt("attempt"))?,
            // The store knows what was reported; what that comes to is for `causes` to say.
            cause: None,
            sid: CallSid::parse(&row.sid).map_err(|_| corrupt("sid"))?,
            from: row.from_number,
            to: row.to_number,
        })
    }
}

/// A value that serialises to one word, from that word.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

/// The word that such a value serialises to.
pub(super) fn as_word<T: serde::Serialize>(value: T) -> Option<String> {
    serde_json::to_value(value)
        .ok()?
        .as_str()
        .map(str::to_owned)
}
