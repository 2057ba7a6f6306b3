//! Recordings, from the first sample to the callback that says they can be had.

use std::time::Duration;

use jiff::Timestamp;

use crate::account::Recording;
use crate::call::RecordingStart;
use crate::dates::rfc2822;
use crate::delivery::{self, Queue};
use crate::recording::{mixed, write_wav};
use crate::sid::Sid;
use crate::simulator::{Shared, Simulator};
use crate::timeline::RATE;
use crate::twiml::Callback;
use crate::webhook::{Kind, Webhook};

/// The address of a recording, to which `.wav` may be added.
pub fn url(simulator: &Simulator, recording: &Sid) -> String {
    let account = simulator.account();
    format!(
        "{}/2010-04-01/Accounts/{}/Recordings/{recording}",
        simulator.public_url, account.credentials.account_sid
    )
}

/// Starts a recording and says so.
pub fn start(simulator: &Shared, queue: &Queue, start: RecordingStart) {
    let now = Timestamp::now();
    simulator.media.record(&start.call, &start.sid);
    let recording = Recording {
        sid: start.sid.clone(),
        call: start.call.clone(),
        status: "in-progress",
        channels: if start.dual { 2 } else { 1 },
        source: start.source,
        started: now,
        updated: now,
        duration_secs: None,
        wav: None,
    };
    let webhook = event(simulator, &recording, &start.callback, "in-progress");
    {
        let mut account = simulator.account();
        account.recordings.push(recording);
        account
            .recording_callbacks
            .insert(start.sid, start.callback);
    }
    if let Some(webhook) = webhook.filter(|_| !simulator.faults().recordings.no_callbacks) {
        queue.push(webhook);
    }
}

/// Stops a recording; after the time that processing takes, says how it went.
pub async fn stop(simulator: &Shared, room: &Sid, sid: Sid) {
    let recorded = simulator.media.stop_recording(room, &sid).await;
    let absent = simulator.faults().recordings.absent;
    let mut wav = None;
    let mut samples = 0;
    if let Some(recorded) = recorded.filter(|_| !absent) {
        samples = recorded.parent.len();
        let dual = simulator
            .account()
            .recording(sid.as_str())
            .is_some_and(|recording| recording.channels == 2);
        let written = match dual {
            true => write_wav(&[&recorded.parent, &recorded.child]),
            false => write_wav(&[&mixed(&recorded.parent, &recorded.child)]),
        };
        wav = written.ok().filter(|_| samples > 0);
    }
    let delay = {
        let mut account = simulator.account();
        let delay = account.settings.recording_delay_ms;
        if let Some(recording) = account.recording(sid.as_str()) {
            recording.status = "processing";
            recording.updated = Timestamp::now();
        }
        Duration::from_millis(delay)
    };
    let simulator = simulator.clone();
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        finish(&simulator, &sid, wav, (samples as u64).div_ceil(RATE)).await;
    });
}

async fn finish(simulator: &Shared, sid: &Sid, wav: Option<Vec<u8>>, duration_secs: u64) {
    let (recording, callback) = {
        let mut account = simulator.account();
        let callback = account.recording_callbacks.remove(sid).unwrap_or_default();
        // Deleted, or reset, in the meantime.
        let Some(recording) = account.recording(sid.as_str()) else {
            return;
        };
        recording.status = if wav.is_some() { "completed" } else { "absent" };
        recording.updated = Timestamp::now();
        recording.duration_secs = wav.is_some().then_some(duration_secs);
        recording.wav = wav.map(Into::into);
        (recording.clone(), callback)
    };
    tracing::info!(call.sid = %recording.call, recording.sid = %sid, duration_secs, "recording {}", recording.status);
    if let Some(webhook) = event(simulator, &recording, &callback, recording.status)
        .filter(|_| !simulator.faults().recordings.no_callbacks)
    {
        delivery::call_back(simulator, webhook).await;
    }
}

/// The callback for an event, if it was asked for; by default only `completed` is.
fn event(
    simulator: &Simulator,
    recording: &Recording,
    callback: &Callback,
    event: &str,
) -> Option<Webhook> {
    let target = callback.url.clone()?;
    let wanted = match callback.events.as_slice() {
        [] => event == "completed",
        events => events.iter().any(|wanted| wanted == event),
    };
    if !wanted {
        return None;
    }
    let account_sid = simulator.account().credentials.account_sid.clone();
    let mut params = vec![
        ("AccountSid".to_owned(), account_sid),
        ("CallSid".to_owned(), recording.call.to_string()),
        ("RecordingSid".to_owned(), recording.sid.to_string()),
        ("RecordingUrl".to_owned(), url(simulator, &recording.sid)),
        ("RecordingStatus".to_owned(), event.to_owned()),
        (
            "RecordingChannels".to_owned(),
            recording.channels.to_string(),
        ),
        ("RecordingSource".to_owned(), recording.source.to_owned()),
        ("RecordingStartTime".to_owned(), rfc2822(recording.started)),
        ("RecordingTrack".to_owned(), "both".to_owned()),
        ("ErrorCode".to_owned(), "0".to_owned()),
    ];
    if let Some(duration) = recording.duration_secs {
        params.push(("RecordingDuration".to_owned(), duration.to_string()));
    }
    Some(Webhook {
        kind: Kind::Recording,
        call: recording.call.clone(),
        url: target,
        get: callback.get,
        params,
    })
}
