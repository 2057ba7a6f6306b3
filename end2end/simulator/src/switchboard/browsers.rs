//! A call's browsers: ringing, taking, coming back, getting lost.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Browser, Event, Task};
use crate::call::Input;
use crate::frames::Frame;
use crate::media::PeerId;
use crate::sid::Sid;
use crate::simulator::SocketId;
use crate::webhook::encode;

impl Task {
    pub(super) async fn send_answer(&mut self, leg: &Sid) {
        let Some(browser) = self.browsers.get_mut(leg) else {
            return;
        };
        let Some(socket) = browser.socket else { return };
        browser.told_sid = true;
        match self
            .simulator
            .media
            .answer(browser.peer, browser.offer.clone())
            .await
        {
            Ok(sdp) => self.simulator.send_frame(
                socket,
                Frame::answer(leg, &sdp, self.simulator.reconnect_token(leg)),
            ),
            Err(error) => {
                tracing::warn!(call.sid = %leg, "the browser's offer was refused: {error:#}");
                let _ = self.to.send(Event::Input(Input::End(leg.clone(), false)));
            }
        }
    }

    /// Rings every browser that is registered under the leg's identity.
    pub(super) async fn invite(&mut self, leg: Sid, custom: Vec<(String, String)>) {
        let Some((identity, from, to)) = self
            .call
            .legs()
            .find(|candidate| candidate.sid == leg)
            .and_then(|leg| {
                let identity = leg.to.strip_prefix("client:")?.to_owned();
                Some((identity, leg.from.clone(), leg.to.clone()))
            })
        else {
            return;
        };
        self.names.push(leg.to_string());
        self.simulator.enlist(leg.as_str(), self.to.clone());
        let mut ringing = Vec::new();
        for socket in self.simulator.registered(&identity) {
            let peer = PeerId::fresh();
            match self.simulator.media.offer(peer).await {
                Ok(sdp) => {
                    let parameters = self.invite_parameters(&leg, &from, &to, &custom);
                    self.simulator.send_frame(
                        socket,
                        Frame::invite(&leg, &sdp, parameters, self.simulator.reconnect_token(&leg)),
                    );
                    ringing.push((socket, peer));
                }
                Err(error) => tracing::warn!(call.sid = %leg, "no offer: {error:#}"),
            }
        }
        let found = !ringing.is_empty();
        if !found {
            tracing::info!(call.sid = %leg, %identity, "nobody is registered");
        }
        let browser = Browser {
            socket: None,
            peer: PeerId::fresh(),
            ringing,
            offer: String::new(),
            temporary: None,
            told_sid: true,
        };
        self.browsers.insert(leg.clone(), browser);
        let input = if found {
            Input::Ringing(leg)
        } else {
            Input::Unreachable(leg)
        };
        let _ = self.to.send(Event::Input(input));
    }

    fn invite_parameters(
        &self,
        leg: &Sid,
        from: &str,
        to: &str,
        custom: &[(String, String)],
    ) -> Map<String, Value> {
        let account_sid = self.simulator.account().credentials.account_sid.clone();
        let params = encode(custom);
        [
            ("CallSid", leg.as_str()),
            ("From", from),
            ("To", to),
            ("AccountSid", &account_sid),
            ("ApiVersion", "2010-04-01"),
            ("Params", &params),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Value::String(value.to_owned())))
        .collect()
    }

    pub(super) async fn browser_takes(&mut self, socket: SocketId, leg: Sid, sdp: String) {
        let Some(browser) = self.browsers.get_mut(&leg) else {
            return;
        };
        let Some(index) = browser
            .ringing
            .iter()
            .position(|(ringing, _)| *ringing == socket)
        else {
            return;
        };
        let (_, peer) = browser.ringing.swap_remove(index);
        if let Err(error) = self.simulator.media.accept(peer, sdp).await {
            tracing::warn!(call.sid = %leg, "the browser's answer was refused: {error:#}");
            self.simulator.send_frame(
                socket,
                Frame::hangup(leg.as_str(), Some((31005, "Connection error"))),
            );
            self.simulator.media.close_peer(peer);
            return self.input(Input::Declined(leg)).await;
        }
        browser.socket = Some(socket);
        browser.peer = peer;
        for (other, peer) in std::mem::take(&mut browser.ringing) {
            self.simulator.send_frame(other, Frame::cancel(&leg));
            self.simulator.media.close_peer(peer);
        }
        self.input(Input::Answered(leg)).await;
    }

    pub(super) async fn renegotiate(&mut self, socket: SocketId, callsid: &str, sdp: String) {
        let Some(leg) = self.leg_named(callsid) else {
            return;
        };
        let Some(browser) = self.browsers.get_mut(&leg) else {
            return;
        };
        browser.socket = Some(socket);
        match self.simulator.media.answer(browser.peer, sdp).await {
            Ok(answer) => self.simulator.send_frame(
                socket,
                Frame::answer(&leg, &answer, self.simulator.reconnect_token(&leg)),
            ),
            Err(error) => {
                tracing::warn!(call.sid = %leg, "the browser's new offer was refused: {error:#}");
                self.simulator.send_frame(
                    socket,
                    Frame::hangup(leg.as_str(), Some((31005, "Connection error"))),
                );
                self.input(Input::HungUp(leg)).await;
            }
        }
    }

    pub(super) async fn browser_gone(&mut self, socket: SocketId, leg: Sid, declined: bool) {
        let Some(browser) = self.browsers.get_mut(&leg) else {
            return;
        };
        if let Some(index) = browser
            .ringing
            .iter()
            .position(|(ringing, _)| *ringing == socket)
        {
            let (_, peer) = browser.ringing.swap_remove(index);
            self.simulator.media.close_peer(peer);
        }
        if browser.socket == Some(socket) {
            // It knows already.
            browser.socket = None;
        }
        self.input(if declined {
            Input::Declined(leg)
        } else {
            Input::HungUp(leg)
        })
        .await;
    }

    pub(super) async fn socket_lost(&mut self, socket: SocketId, patience: Duration) {
        let mut inputs = Vec::new();
        let mut waits = Vec::new();
        for (leg, browser) in &mut self.browsers {
            if browser.socket == Some(socket) {
                let answered = self
                    .call
                    .legs()
                    .any(|candidate| candidate.sid == *leg && candidate.answered.is_some());
                if answered {
                    waits.push(leg.clone())
                } else {
                    inputs.push(Input::HungUp(leg.clone()))
                }
            }
            if let Some(index) = browser
                .ringing
                .iter()
                .position(|(ringing, _)| *ringing == socket)
            {
                let (_, peer) = browser.ringing.swap_remove(index);
                self.simulator.media.close_peer(peer);
                if browser.ringing.is_empty() && browser.socket.is_none() {
                    inputs.push(Input::Unreachable(leg.clone()));
                }
            }
        }
        for leg in waits {
            self.later(patience, Event::StillLost(leg, socket));
        }
        for input in inputs {
            self.input(input).await;
        }
    }

    pub(super) fn send_hangup(&mut self, leg: &Sid, error: Option<(u32, &'static str)>) {
        let Some(browser) = self.browsers.get_mut(leg) else {
            return;
        };
        for (socket, peer) in std::mem::take(&mut browser.ringing) {
            self.simulator.send_frame(socket, Frame::cancel(leg));
            self.simulator.media.close_peer(peer);
        }
        if let Some(socket) = browser.socket.take() {
            // Before `ringing` or `answer` the SDK knows its own name only, and ignores any other.
            let name = browser
                .temporary
                .as_deref()
                .filter(|_| !browser.told_sid)
                .unwrap_or(leg.as_str());
            self.simulator
                .send_frame(socket, Frame::hangup(name, error));
        }
        self.simulator.media.close_peer(browser.peer);
    }
}
