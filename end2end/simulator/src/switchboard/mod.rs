//! Performs what calls decide: one task per call, between the state machine and sockets, media, timers and HTTP.

mod browsers;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::call::{Audio, Call, FetchFailure, Input, Leg, Output, RestOptions, Side, Source};
use crate::delivery::{self, Queue};
use crate::frames::Frame;
use crate::media::{PeerId, Says};
use crate::recordings;
use crate::sid::Sid;
use crate::simulator::{Shared, SocketId};
use crate::twiml::Verb;
use crate::webhook::{Kind, Webhook};

/// What a call's task is told.
#[derive(Debug)]
pub enum Event {
    /// For the state machine.
    Input(Input),
    /// A browser takes the call.
    Take {
        /// Which browser.
        socket: SocketId,
        /// Which leg.
        leg: Sid,
        /// Its answer.
        sdp: String,
    },
    /// A browser offers anew: an ICE restart, or its return on a new socket.
    Renegotiate {
        /// Which browser.
        socket: SocketId,
        /// Which leg.
        callsid: String,
        /// Its offer.
        sdp: String,
    },
    /// A browser hangs up or declines, under whatever name it knows the call by.
    Gone {
        /// Which browser.
        socket: SocketId,
        /// Which leg.
        callsid: String,
        /// Declined, not hung up.
        declined: bool,
    },
    /// Keys, under whatever name the browser knows the call by.
    Keys(String, String),
    /// A socket is lost; its calls wait this long for the browser to come back.
    SocketLost(SocketId, Duration),
    /// The wait is over.
    StillLost(Sid, SocketId),
    /// The control API wants to know about the media of each browser.
    Stats(tokio::sync::oneshot::Sender<HashMap<String, Value>>),
}

/// A browser on a leg.
struct Browser {
    /// Where it is, once it is one only.
    socket: Option<SocketId>,
    peer: PeerId,
    /// Browsers that ring for this leg.
    ringing: Vec<(SocketId, PeerId)>,
    /// The offer it called with.
    offer: String,
    /// The only name the SDK knows before `ringing` or `answer`.
    temporary: Option<String>,
    told_sid: bool,
}

/// A call from a browser.
pub struct FromBrowser {
    /// Its socket.
    pub socket: SocketId,
    /// Its temporary name.
    pub temporary: String,
    /// Its offer.
    pub offer: String,
}

/// Puts a call through: from a browser, or made by REST.
pub fn place(
    simulator: &Shared,
    parent: Leg,
    source: Source,
    custom: Vec<(String, String)>,
    options: RestOptions,
    caller: Option<FromBrowser>,
) {
    let (to, inbox) = mpsc::unbounded_channel();
    let sid = parent.sid.clone();
    tracing::info!(call.sid = %sid, from = %parent.from, to = %parent.to, direction = parent.direction.as_str(), "call");
    let mut names = vec![sid.to_string()];
    let mut browsers = HashMap::new();
    if let Some(FromBrowser {
        socket,
        temporary,
        offer,
    }) = caller
    {
        names.push(temporary.clone());
        let browser = Browser {
            socket: Some(socket),
            peer: PeerId::fresh(),
            ringing: Vec::new(),
            offer,
            temporary: Some(temporary),
            told_sid: false,
        };
        browsers.insert(sid.clone(), browser);
    }
    for name in &names {
        simulator.enlist(name, to.clone());
    }
    simulator.media.open(&sid);
    let call = Call::new(parent, source, custom, options);
    simulator.account().keep(call.legs());
    let queue = Queue::start(simulator.clone());
    let task = Task {
        simulator: simulator.clone(),
        call,
        browsers,
        names,
        queue,
        to: to.clone(),
        later: JoinSet::new(),
        over: false,
    };
    let _ = to.send(Event::Input(Input::Start));
    tokio::spawn(task.run(inbox));
}

struct Task {
    simulator: Shared,
    call: Call,
    browsers: HashMap<Sid, Browser>,
    names: Vec<String>,
    queue: Queue,
    to: mpsc::UnboundedSender<Event>,
    /// Timers and requests in flight: dropped with the call.
    later: JoinSet<()>,
    over: bool,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Event>) {
        while !self.over {
            let Some(event) = inbox.recv().await else {
                break;
            };
            self.take(event).await;
            while self.later.try_join_next().is_some() {}
        }
        self.simulator.strike(self.names.drain(..));
        for browser in self.browsers.values() {
            self.simulator.media.close_peer(browser.peer);
        }
        self.simulator.media.close(self.call.sid());
        tracing::info!(call.sid = %self.call.sid(), "call over");
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Input(input) => self.input(input).await,
            Event::Take { socket, leg, sdp } => self.browser_takes(socket, leg, sdp).await,
            Event::Renegotiate {
                socket,
                callsid,
                sdp,
            } => self.renegotiate(socket, &callsid, sdp).await,
            Event::Gone {
                socket,
                callsid,
                declined,
            } => {
                if let Some(leg) = self.leg_named(&callsid) {
                    self.browser_gone(socket, leg, declined).await;
                }
            }
            Event::Keys(callsid, digits) => {
                if let Some(leg) = self.leg_named(&callsid) {
                    tracing::info!(call.sid = %leg, %digits, "DTMF");
                    self.input(Input::Digits(leg, digits)).await;
                }
            }
            Event::SocketLost(socket, patience) => self.socket_lost(socket, patience).await,
            Event::StillLost(leg, socket) => {
                if self
                    .browsers
                    .get(&leg)
                    .is_some_and(|browser| browser.socket == Some(socket))
                {
                    tracing::info!(call.sid = %leg, "the browser did not come back");
                    self.input(Input::HungUp(leg)).await;
                }
            }
            Event::Stats(reply) => {
                let mut stats = HashMap::new();
                for (leg, browser) in &self.browsers {
                    let media = self.simulator.media.stats(browser.peer).await;
                    stats.insert(
                        leg.to_string(),
                        serde_json::to_value(media).unwrap_or_default(),
                    );
                }
                let _ = reply.send(stats);
            }
        }
    }

    async fn input(&mut self, input: Input) {
        let outputs = {
            let mut account = self.simulator.account();
            let outputs = self.call.handle(input, Timestamp::now(), &*account);
            account.keep(self.call.legs());
            outputs
        };
        for output in outputs {
            self.perform(output).await;
        }
    }

    fn leg_named(&self, callsid: &str) -> Option<Sid> {
        let by_temporary = self
            .browsers
            .iter()
            .find(|(_, browser)| browser.temporary.as_deref() == Some(callsid));
        by_temporary.map(|(leg, _)| leg.clone()).or_else(|| {
            self.call
                .legs()
                .find(|leg| leg.sid.as_str() == callsid)
                .map(|leg| leg.sid.clone())
        })
    }

    fn later(&mut self, delay: Duration, event: Event) {
        let to = self.to.clone();
        self.later.spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = to.send(event);
        });
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::SendRinging(leg) => {
                if let Some(browser) = self.browsers.get_mut(&leg) {
                    browser.told_sid = true;
                    if let Some(socket) = browser.socket {
                        self.simulator.send_frame(socket, Frame::ringing(&leg));
                    }
                }
            }
            Output::SendAnswer(leg) => self.send_answer(&leg).await,
            Output::Invite(leg, parameters) => self.invite(leg, parameters).await,
            Output::SendHangup(leg, error) => self.send_hangup(&leg, error),
            Output::Fetch(epoch, webhook) => self.fetch(epoch, webhook),
            Output::Callback(webhook) => self.queue.push(self.with_recording_url(webhook)),
            Output::After(delay, timer) => self.later(delay, Event::Input(Input::Timer(timer))),
            Output::Audio(side, audio) => self.speak(side, audio),
            Output::Record(start) => recordings::start(&self.simulator, &self.queue, start),
            Output::StopRecording(recording) => {
                recordings::stop(&self.simulator, self.call.sid(), recording).await
            }
            Output::Alert(code, text, url) => {
                self.simulator.alert(self.call.sid(), code, text, url)
            }
            Output::Finished => self.over = true,
        }
    }

    fn fetch(&mut self, epoch: u64, webhook: Webhook) {
        let webhook = self.with_recording_url(webhook);
        let (simulator, queue, to) = (self.simulator.clone(), self.queue.clone(), self.to.clone());
        self.later.spawn(async move {
            queue.settle().await;
            let result: Result<Vec<Verb>, FetchFailure> =
                delivery::fetch(&simulator, &webhook).await;
            let _ = to.send(Event::Input(Input::Twiml(epoch, result)));
        });
    }

    /// The state machine knows a recording by its SID only.
    fn with_recording_url(&self, mut webhook: Webhook) -> Webhook {
        if webhook.kind == Kind::Dial {
            for (_, value) in webhook
                .params
                .iter_mut()
                .filter(|(key, _)| key == "RecordingUrl")
            {
                *value = recordings::url(&self.simulator, &Sid::from(value.as_str()));
            }
        }
        webhook
    }

    fn speak(&mut self, side: Side, audio: Audio) {
        let says = match audio {
            Audio::Silence => Says::Silence,
            Audio::Ringback => Says::Ringback,
            Audio::Announcement => Says::Announcement,
            Audio::Phone(speech) => Says::Phone(speech),
            Audio::Browser(leg) => match self.browsers.get(&leg) {
                Some(browser) => Says::Browser(browser.peer),
                None => Says::Silence,
            },
        };
        self.simulator.media.speak(self.call.sid(), side, says);
    }
}
