//! TwiML: asking for it, and obeying it verb by verb.

use std::time::Duration;

use super::{Audio, Call, FetchFailure, Output, Side, Source, Status, Timer, World};
use crate::twiml::Verb;
use crate::webhook::{Kind, Webhook};

impl Call {
    /// Asks for TwiML, with `extra` parameters.
    pub(super) fn request(
        &mut self,
        source: Source,
        extra: Vec<(String, String)>,
        world: &dyn World,
    ) {
        self.epoch += 1;
        match source {
            Source::Url { url, get, fallback } => {
                self.fallback = fallback;
                self.fetch(Kind::Voice, url, get, extra, world);
            }
            Source::Inline(verbs) => {
                self.script = verbs.into();
                self.run(world);
            }
            // The field's instant hang-up: no request, no alert.
            Source::Missing => self.end_parent(Status::Failed, Some((31404, "Not Found")), world),
        }
    }

    pub(super) fn fetch(
        &mut self,
        kind: Kind,
        url: String,
        get: bool,
        extra: Vec<(String, String)>,
        world: &dyn World,
    ) {
        let mut params = self.parent.parameters(&world.account_sid());
        for (key, value) in extra {
            match params.iter_mut().find(|(name, _)| *name == key) {
                // Twilio's own parameters win, but for a custom `To`, which was taken already.
                Some(_) => {}
                None => params.push((key, value)),
            }
        }
        self.out.push(Output::Fetch(
            self.epoch,
            Webhook {
                kind,
                call: self.parent.sid.clone(),
                url,
                get,
                params,
            },
        ));
    }

    pub(super) fn obey(&mut self, result: Result<Vec<Verb>, FetchFailure>, world: &dyn World) {
        match result {
            Ok(verbs) => {
                self.script = verbs.into();
                self.run(world);
            }
            Err(failure) => {
                self.out.push(Output::Alert(
                    failure.code,
                    failure.message,
                    failure.url.clone(),
                ));
                match self.fallback.take() {
                    Some((url, get)) => {
                        self.epoch += 1;
                        let extra = vec![
                            ("ErrorCode".to_owned(), failure.code.to_string()),
                            ("ErrorUrl".to_owned(), failure.url),
                        ];
                        self.fetch(Kind::Voice, url, get, extra, world);
                    }
                    None => {
                        let status = if self.parent.answered.is_some() {
                            Status::Completed
                        } else {
                            Status::Failed
                        };
                        self.end_parent(status, None, world);
                    }
                }
            }
        }
    }

    /// Obeys verbs until one of them takes time.
    pub(super) fn run(&mut self, world: &dyn World) {
        while let Some(verb) = self.script.pop_front() {
            match verb {
                Verb::Dial(dial) => return self.start_dial(*dial, world),
                Verb::Say(text) => {
                    return self.announce(
                        Duration::from_millis(
                            (text.chars().count() as u64 * 60).clamp(600, 15_000),
                        ),
                        world,
                    );
                }
                Verb::Play => return self.announce(Duration::from_secs(3), world),
                Verb::Pause(secs) => {
                    self.epoch += 1;
                    return self.out.push(Output::After(
                        Duration::from_secs(secs),
                        Timer::Spoken(self.epoch),
                    ));
                }
                Verb::Hangup => return self.end_parent(Status::Completed, None, world),
                Verb::Reject { busy } if self.parent.answered.is_none() => {
                    let (status, error) = if busy {
                        (Status::Busy, (31486, "Busy Here"))
                    } else {
                        (Status::NoAnswer, (31603, "Decline"))
                    };
                    return self.end_parent(status, Some(error), world);
                }
                Verb::Reject { .. } => {}
                Verb::Redirect { url, get } => {
                    return self.request(
                        Source::Url {
                            url,
                            get,
                            fallback: None,
                        },
                        Vec::new(),
                        world,
                    );
                }
            }
        }
        self.end_parent(Status::Completed, None, world);
    }

    pub(super) fn announce(&mut self, length: Duration, world: &dyn World) {
        self.answer_parent(world);
        self.epoch += 1;
        self.out
            .push(Output::Audio(Side::Child, Audio::Announcement));
        self.out
            .push(Output::After(length, Timer::Spoken(self.epoch)));
    }

    /// Answers the calling browser, if that is still to be done.
    pub(super) fn answer_parent(&mut self, world: &dyn World) {
        if self.parent.answered.is_some() {
            return;
        }
        self.parent.answered = Some(self.now);
        self.parent.status = Status::InProgress;
        self.out.push(Output::SendAnswer(self.parent.sid.clone()));
        let sid = self.parent.sid.clone();
        self.out
            .push(Output::Audio(Side::Parent, Audio::Browser(sid.clone())));
        self.tell(&sid, world);
    }
}
