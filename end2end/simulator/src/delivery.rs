//! Webhooks on their way: with the faults that were asked for, into the log, and what is made of the answers.

use std::time::Duration;

use rand::RngExt;
use tokio::sync::{mpsc, oneshot};

use crate::call::FetchFailure;
use crate::simulator::{Shared, Simulator};
use crate::twiml::{self, Verb};
use crate::webhook::{Attempt, Kind, NoReply, Reply, Webhook};

/// A call's callbacks, sent one after the other in the order of events.
#[derive(Clone)]
pub struct Queue {
    to: mpsc::UnboundedSender<Item>,
}

enum Item {
    Send(Webhook),
    Mark(oneshot::Sender<()>),
}

impl Queue {
    /// A queue with its own task, which ends when everything is sent and the queue is dropped.
    pub fn start(simulator: Shared) -> Self {
        let (to, mut items) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(item) = items.recv().await {
                match item {
                    Item::Send(webhook) => call_back(&simulator, webhook).await,
                    Item::Mark(reached) => {
                        let _ = reached.send(());
                    }
                }
            }
        });
        Self { to }
    }

    /// Sends a callback in its turn.
    pub fn push(&self, webhook: Webhook) {
        let _ = self.to.send(Item::Send(webhook));
    }

    /// Waits until everything pushed so far is sent, but not for long: a slow callback does not hold up a call.
    pub async fn settle(&self) {
        let (reached, mark) = oneshot::channel();
        let _ = self.to.send(Item::Mark(reached));
        let _ = tokio::time::timeout(Duration::from_millis(250), mark).await;
    }
}

/// Sends a callback, whose answer matters to nobody but the debugger.
pub async fn call_back(simulator: &Shared, webhook: Webhook) {
    let fault = simulator.faults().webhook(webhook.kind);
    if fault.drop {
        return note_dropped(simulator, &webhook);
    }
    let mut delay = Duration::from_millis(fault.delay_ms);
    if fault.shuffle_ms > 0 {
        delay += Duration::from_millis(rand::rng().random_range(0..fault.shuffle_ms));
    }
    let times = 1 + fault.duplicate;
    let key = signing_key(simulator, fault.bad_signature);
    if delay.is_zero() {
        for _ in 0..times {
            post(simulator, &webhook, &key).await;
        }
        return;
    }
    // Late ones do not hold up those behind them.
    let simulator = simulator.clone();
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        for _ in 0..times {
            post(&simulator, &webhook, &key).await;
        }
    });
}

async fn post(simulator: &Shared, webhook: &Webhook, key: &str) {
    let outcome = simulator
        .sender
        .send(webhook, key, |attempt| note(simulator, attempt))
        .await;
    match outcome {
        Ok(reply) if reply.status < 400 => {}
        Ok(reply) => {
            // 15003 is Twilio's "warning response to callback URL"; recordings have none of their own.
            let code = if webhook.kind == Kind::Recording {
                11200
            } else {
                15003
            };
            simulator.alert(
                &webhook.call,
                code,
                format!(
                    "Got HTTP {} response to {} callback",
                    reply.status,
                    webhook.kind.as_str()
                ),
                webhook.url.clone(),
            );
        }
        Err(error) => simulator.alert(
            &webhook.call,
            error.code(),
            error.to_string(),
            webhook.url.clone(),
        ),
    }
}

/// Asks for TwiML.
pub async fn fetch(simulator: &Shared, webhook: &Webhook) -> Result<Vec<Verb>, FetchFailure> {
    let fault = simulator.faults().webhook(webhook.kind);
    let key = signing_key(simulator, fault.bad_signature);
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    let outcome = if fault.drop {
        note_dropped(simulator, webhook);
        Err(NoReply::Connect("dropped by a fault".to_owned()))
    } else {
        let first = simulator
            .sender
            .send(webhook, &key, |attempt| note(simulator, attempt))
            .await;
        for _ in 0..fault.duplicate {
            let _ = simulator
                .sender
                .send(webhook, &key, |attempt| note(simulator, attempt))
                .await;
        }
        first
    };
    let failure = |code, message| FetchFailure {
        code,
        message,
        url: webhook.url.split('#').next().unwrap_or_default().to_owned(),
    };
    match outcome {
        Err(error) => Err(failure(error.code(), error.to_string())),
        Ok(reply) if !(200..300).contains(&reply.status) => Err(failure(
            11200,
            format!("Got HTTP {} response to {}", reply.status, webhook.url),
        )),
        Ok(reply) => read(&reply).map_err(|(code, message)| failure(code, message)),
    }
}

/// TwiML, by its content type: XML is obeyed, plain text is read out, anything else is error 12300.
fn read(reply: &Reply) -> Result<Vec<Verb>, (u32, String)> {
    let essence = reply
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "text/xml" | "application/xml" | "text/html" => {
            twiml::parse(&reply.body).map_err(|error| (error.code(), error.to_string()))
        }
        "text/plain" => Ok(vec![Verb::Say(reply.body.clone())]),
        "" if reply.body.is_empty() => Err((
            12100,
            "Document parse failure: the answer is empty".to_owned(),
        )),
        other => Err((12300, format!("Invalid Content-Type: {other}"))),
    }
}

fn signing_key(simulator: &Simulator, bad: bool) -> String {
    let key = simulator.account().credentials.auth_token.clone();
    if bad { format!("not-{key}") } else { key }
}

fn note_dropped(simulator: &Simulator, webhook: &Webhook) {
    note(
        simulator,
        Attempt {
            dropped: true,
            ..Attempt::unsent(webhook)
        },
    );
}

fn note(simulator: &Simulator, mut attempt: Attempt) {
    let status = attempt.status.map_or_else(
        || attempt.error.clone().unwrap_or_else(|| "dropped".into()),
        |status| status.to_string(),
    );
    let call_status = attempt
        .params
        .get("DialCallStatus")
        .or_else(|| attempt.params.get("RecordingStatus"))
        .or_else(|| attempt.params.get("CallStatus"));
    tracing::info!(call.sid = %attempt.call_sid, kind = attempt.kind.as_str(), event = call_status.map(String::as_str), url = %attempt.url, attempt = attempt.attempt, "webhook: {status}");
    let mut log = simulator.log();
    attempt.n = log.webhooks.len();
    log.webhooks.push(attempt);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(content_type: &str, body: &str) -> Reply {
        Reply {
            status: 200,
            content_type: content_type.into(),
            body: body.into(),
        }
    }

    #[test]
    fn only_xml_and_text_are_twiml() {
        assert_eq!(
            read(&reply("text/xml; charset=utf-8", "<Response/>")),
            Ok(vec![])
        );
        assert_eq!(
            read(&reply("text/plain", "hello")),
            Ok(vec![Verb::Say("hello".into())])
        );
        assert_eq!(
            read(&reply("application/json", "{}"))
                .expect_err("refused")
                .0,
            12300
        );
        assert_eq!(read(&reply("", "")).expect_err("refused").0, 12100);
        assert_eq!(
            read(&reply("text/html", "<html/>")).expect_err("refused").0,
            12100
        );
    }
}
