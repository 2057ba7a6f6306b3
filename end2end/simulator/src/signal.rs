//! `/signal`: the gateway that the Voice SDK talks to.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::call::{Direction, Leg, Party, RestOptions, Source};
use crate::frames::{Frame, FromBrowser as Received};
use crate::sid::Sid;
use crate::simulator::{Shared, SocketId, ToSocket};
use crate::switchboard::{self, Event, FromBrowser};
use crate::token::{self, Claims, Issuer, Refusal};

/// How long a call outlives its socket when the SDK does not say: Twilio's own patience.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a lone newline says that the gateway is there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Takes a browser's socket.
pub async fn connect(State(simulator): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    simulator.network.passable().await;
    if simulator
        .gateway()
        .refuse_until
        .is_some_and(|until| Instant::now() < until)
    {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(simulator, socket))
}

async fn serve(simulator: Shared, mut socket: WebSocket) {
    let (to, mut outgoing) = mpsc::unbounded_channel();
    let id = simulator.connect(to);
    let mut session = Session {
        simulator: simulator.clone(),
        id,
        token: String::new(),
        claims: None,
    };
    let mut heartbeat =
        tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    loop {
        tokio::select! {
            message = outgoing.recv() => match message {
                Some(ToSocket::Frame(frame)) => {
                    simulator.network.passable().await;
                    tracing::debug!(kind = frame.kind(), "to the browser");
                    if socket.send(Message::Text(frame.to_json().into())).await.is_err() {
                        break;
                    }
                }
                Some(ToSocket::Drop) | None => break,
            },
            message = socket.recv() => match message {
                // The SDK sends our heartbeat back; answering that would never end.
                Some(Ok(Message::Text(text))) if text.trim().is_empty() => {}
                Some(Ok(Message::Text(text))) => {
                    simulator.network.passable().await;
                    session.take(&text);
                }
                // Nor does a goodbye get through.
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    simulator.network.passable().await;
                    break;
                }
                Some(Ok(_)) => {}
            },
            // The SDK takes 15 s of silence for a lost connection.
            _ = heartbeat.tick(), if !simulator.network.is_cut() => {
                if socket.send(Message::Text("\n".into())).await.is_err() {
                    break;
                }
            }
        }
    }
    simulator.disconnect(id);
}

struct Session {
    simulator: Shared,
    id: SocketId,
    token: String,
    claims: Option<Claims>,
}

impl Session {
    fn send(&self, frame: Frame) {
        self.simulator.send_frame(self.id, frame);
    }

    fn take(&mut self, text: &str) {
        let message = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => return tracing::warn!(%error, "a frame that we do not know"),
        };
        match message {
            Received::Listen {
                token,
                reconnect_timeout,
            } => self.listen(token, reconnect_timeout),
            Received::Register { media } => self
                .register(media.is_none_or(|media| media.values().any(|wanted| *wanted == true))),
            Received::Invite {
                callsid,
                sdp,
                reconnect: Some(token),
                ..
            } => self.come_back(callsid, sdp, &token),
            Received::Invite {
                callsid,
                sdp,
                reconnect: None,
                twilio,
            } => self.invite(callsid, sdp, twilio.pairs()),
            Received::Answer { callsid, sdp } => {
                self.tell(
                    &callsid,
                    Event::Take {
                        socket: self.id,
                        leg: Sid::from(callsid.as_str()),
                        sdp,
                    },
                );
            }
            Received::Reject { callsid } => self.tell(
                &callsid,
                Event::Gone {
                    socket: self.id,
                    callsid: callsid.clone(),
                    declined: true,
                },
            ),
            Received::Hangup { callsid, message } => {
                tracing::info!(call.sid = %callsid, message, "the browser hangs up");
                self.tell(
                    &callsid,
                    Event::Gone {
                        socket: self.id,
                        callsid: callsid.clone(),
                        declined: false,
                    },
                );
            }
            Received::Dtmf { callsid, dtmf } => {
                self.tell(&callsid, Event::Keys(callsid.clone(), dtmf))
            }
            Received::Reinvite { callsid, sdp } => self.tell(
                &callsid,
                Event::Renegotiate {
                    socket: self.id,
                    callsid: callsid.clone(),
                    sdp,
                },
            ),
            Received::Message {
                callsid,
                voiceeventsid,
            } => self.send(Frame::ack(&callsid, voiceeventsid.as_deref())),
        }
    }

    /// A call that is over already takes nothing: both sides hung up at once.
    fn tell(&self, callsid: &str, event: Event) {
        if !self.simulator.tell(callsid, event) {
            tracing::debug!(call.sid = callsid, "a frame about no call of ours");
        }
    }

    fn listen(&mut self, token: String, reconnect_timeout: u64) {
        self.token = token;
        match self.check() {
            Ok(claims) => {
                let now = Timestamp::now().as_second();
                if let Some(socket) = self.simulator.gateway().sockets.get_mut(&self.id) {
                    socket.identity = Some(claims.identity.clone());
                    socket.reconnect_timeout = if reconnect_timeout == 0 {
                        PATIENCE
                    } else {
                        Duration::from_secs(reconnect_timeout.min(30))
                    };
                }
                tracing::info!(user = %claims.identity, "token accepted");
                self.send(Frame::connected(&claims.identity, claims.expires_at - now));
                self.claims = Some(claims);
            }
            Err(refusal) => {
                tracing::warn!("token refused: {} {refusal}", refusal.code());
                self.claims = None;
                if let Some(socket) = self.simulator.gateway().sockets.get_mut(&self.id) {
                    socket.registered = false;
                }
                self.send(Frame::error(refusal.code(), &refusal.to_string()));
            }
        }
    }

    /// The token as of now: what was good at `listen` may be over, or void.
    fn check(&self) -> Result<Claims, Refusal> {
        let credentials = self.simulator.account().credentials.clone();
        let issuer = Issuer {
            account_sid: &credentials.account_sid,
            api_key: &credentials.api_key,
            api_secret: &credentials.api_secret,
        };
        let claims = token::read(&self.token, &issuer, Timestamp::now().as_second())?;
        if self
            .simulator
            .gateway()
            .void_until
            .is_some_and(|until| claims.issued_at <= until)
        {
            return Err(Refusal::Invalid("revoked"));
        }
        Ok(claims)
    }

    fn register(&self, wanted: bool) {
        let refusal = match self.check() {
            Ok(claims) if claims.incoming || !wanted => None,
            Ok(_) => Some(Refusal::NotAllowed(
                "the token does not allow incoming calls",
            )),
            Err(refusal) => Some(refusal),
        };
        if let Some(socket) = self.simulator.gateway().sockets.get_mut(&self.id) {
            socket.registered = wanted && refusal.is_none();
        }
        match refusal {
            Some(refusal) => self.send(Frame::error(refusal.code(), &refusal.to_string())),
            None if !wanted => self.send(Frame::offline()),
            None if self.simulator.faults().signal.no_ready => {}
            None => self.send(Frame::ready()),
        }
    }

    fn come_back(&self, callsid: String, sdp: String, token: &str) {
        let known = token == crate::frames::reconnect_token(&Sid::from(callsid.as_str()));
        if !known
            || self.check().is_err()
            || !self.simulator.tell(
                &callsid,
                Event::Renegotiate {
                    socket: self.id,
                    callsid: callsid.clone(),
                    sdp,
                },
            )
        {
            self.send(Frame::hangup(&callsid, Some((31003, "Connection timeout"))));
        }
    }

    fn invite(&self, temporary: String, sdp: String, custom: Vec<(String, String)>) {
        let claims = match self.check() {
            Ok(claims) => claims,
            Err(refusal) => {
                return self.send(Frame::hangup(
                    &temporary,
                    Some((refusal.code(), &refusal.to_string())),
                ));
            }
        };
        let Some(application_sid) = claims.application_sid.clone() else {
            return self.send(Frame::hangup(
                &temporary,
                Some((
                    31201,
                    "Authentication failed: the token does not allow outgoing calls",
                )),
            ));
        };
        let application = self
            .simulator
            .account()
            .applications
            .get(&Sid::from(application_sid.as_str()))
            .cloned();
        let Some(application) = application else {
            return self.send(Frame::hangup(
                &temporary,
                Some((31001, "Application Not Found")),
            ));
        };
        // What the server signed into the token wins over what the page says.
        let mut params = custom;
        params.retain(|(key, _)| !claims.params.iter().any(|(signed, _)| signed == key));
        params.extend(claims.params.clone());
        let to = params
            .iter()
            .find(|(key, _)| key == "To")
            .map(|(_, to)| to.clone())
            .unwrap_or_default();
        let from = format!("client:{}", claims.identity);
        let mut leg = Leg::new(
            Direction::Inbound,
            Party::Client(claims.identity),
            from,
            to,
            Timestamp::now(),
        );
        leg.application = Some(application.sid.clone());
        if let Some((url, get)) = application.url("status_callback", "status_callback_method") {
            leg.callback.url = Some(url);
            leg.callback.get = get;
        }
        let source = match application.url("voice_url", "voice_method") {
            Some((url, get)) => Source::Url {
                url,
                get,
                fallback: application.url("voice_fallback_url", "voice_fallback_method"),
            },
            None => Source::Missing,
        };
        let caller = FromBrowser {
            socket: self.id,
            temporary,
            offer: sdp,
        };
        switchboard::place(
            &self.simulator,
            leg,
            source,
            params,
            RestOptions::default(),
            Some(caller),
        );
    }
}
