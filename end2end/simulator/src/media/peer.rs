//! One browser's WebRTC connection: a str0m `Rtc` that is touched in one place only.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::{PeerStats, Position};
use crate::network::Wire;
use crate::pcmu;
use crate::timeline::FRAME;

/// A packet of the browser's voice.
pub(super) struct Heard {
    /// When it arrived.
    pub arrived: Instant,
    /// Its RTP time, in samples at 8 kHz.
    pub rtp: u64,
    /// Its samples.
    pub pcm: Vec<i16>,
}

/// A browser.
pub(super) struct Peer {
    rtc: Rtc,
    mid: Option<Mid>,
    pt: Option<Pt>,
    pending: Option<SdpPendingOffer>,
    rtp_time: u64,
    /// When str0m wants to be polled again.
    pub deadline: Instant,
    /// Set once it is being closed: when to give up waiting for the goodbye to be sent.
    pub give_up: Option<Instant>,
    /// Where its voice goes.
    pub position: Option<Position>,
    /// Where its RTP clock is fixed on the timeline: (sample, RTP time).
    pub anchor: Option<(i64, u64)>,
    /// What the control API shows.
    pub stats: PeerStats,
}

impl Peer {
    pub fn new(
        local: std::net::SocketAddr,
        certificate: DtlsCert,
        now: Instant,
    ) -> anyhow::Result<Self> {
        let mut rtc = Rtc::builder()
            .set_dtls_cert(certificate)
            .set_ice_lite(true)
            .clear_codecs()
            .enable_pcmu(true, false)
            // Without extensions Chromium sends no padding-only packets.
            .clear_extension_map()
            // Late packets are placed by their time stamp: nothing must be held back.
            .set_reordering_size_audio(0)
            .build(now);
        let candidate = Candidate::host(local, "udp").context("a host candidate")?;
        rtc.add_local_candidate(candidate);
        Ok(Self {
            rtc,
            mid: None,
            pt: None,
            pending: None,
            rtp_time: 0,
            deadline: now,
            give_up: None,
            position: None,
            anchor: None,
            stats: PeerStats::default(),
        })
    }

    /// Answers an offer: the first, an ICE restart's, or a reconnecting browser's.
    ///
    /// With the same ICE credentials each time, where str0m makes new ones for a restart: after a short outage the SDK restarts several times
    /// at once, and takes the answer that comes first as the answer to the last.
    pub fn answer(&mut self, offer: &str, socket: &Wire) -> anyhow::Result<String> {
        let offer = SdpOffer::from_sdp_string(offer).map_err(|error| anyhow!("offer: {error}"))?;
        let ours = self.rtc.direct_api().local_ice_credentials();
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .context("accept the offer")?
            .to_sdp_string();
        let mut ice = self.rtc.direct_api();
        let fresh = ice.local_ice_credentials();
        ice.set_local_ice_credentials(ours.clone());
        self.drain(socket);
        Ok(answer
            .replace(&fresh.ufrag, &ours.ufrag)
            .replace(&fresh.pass, &ours.pass))
    }

    /// Offers audio, for an incoming call.
    pub fn offer(&mut self, socket: &Wire) -> anyhow::Result<String> {
        let mut changes = self.rtc.sdp_api();
        // `MediaAdded` never fires for what we offer ourselves.
        self.mid = Some(changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
        let (offer, pending) = changes.apply().context("an offer")?;
        self.pending = Some(pending);
        self.drain(socket);
        Ok(offer.to_sdp_string())
    }

    /// Takes the answer to our offer.
    pub fn accept(&mut self, answer: &str, socket: &Wire) -> anyhow::Result<()> {
        let pending = self.pending.take().context("an answer without an offer")?;
        let answer =
            SdpAnswer::from_sdp_string(answer).map_err(|error| anyhow!("answer: {error}"))?;
        self.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .context("accept the answer")?;
        self.drain(socket);
        self.choose_payload_type();
        Ok(())
    }

    /// Is this datagram for us?
    pub fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a datagram or the time; returns what was heard.
    pub fn take(&mut self, input: Input<'_>, socket: &Wire) -> Vec<Heard> {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "WebRTC input refused");
            self.rtc.disconnect();
        }
        self.drain(socket)
    }

    /// Sends 20 ms of audio; before the connection stands only its clock moves.
    pub fn send(&mut self, frame: &[i16], now: Instant, socket: &Wire) -> Vec<Heard> {
        let time = MediaTime::new(self.rtp_time, Frequency::EIGHT_KHZ);
        self.rtp_time += FRAME as u64;
        let (Some(mid), Some(pt), true) = (self.mid, self.pt, self.stats.connected) else {
            return Vec::new();
        };
        let payload: Vec<u8> = frame.iter().map(|&sample| pcmu::encode(sample)).collect();
        let Some(writer) = self.rtc.writer(mid) else {
            return Vec::new();
        };
        match writer.write(pt, now, time, payload) {
            Ok(()) => self.stats.packets_sent += 1,
            Err(error) => tracing::debug!(%error, "RTP not written"),
        }
        self.drain(socket)
    }

    /// Says goodbye; the peer may be dropped once it [`is_over`](Self::is_over).
    pub fn close(&mut self, now: Instant, socket: &Wire) {
        self.give_up = Some(now + Duration::from_millis(500));
        if self.rtc.close().is_err() {
            self.rtc.disconnect();
        }
        self.drain(socket);
    }

    /// Closed, and the goodbye sent or not worth waiting for.
    pub fn is_over(&self, now: Instant) -> bool {
        self.give_up
            .is_some_and(|give_up| !self.rtc.is_alive() || now >= give_up)
    }

    /// Applies everything str0m wants done until it only wants time. The only place that polls.
    fn drain(&mut self, socket: &Wire) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline;
                    return heard;
                }
                Ok(Output::Transmit(datagram)) => {
                    socket.send_to(&datagram.contents, datagram.destination);
                }
                Ok(Output::Event(event)) => self.note(event, &mut heard),
                Err(error) => {
                    tracing::debug!(%error, "WebRTC connection failed");
                    self.rtc.disconnect();
                    self.deadline = Instant::now() + Duration::from_secs(1);
                    return heard;
                }
            }
        }
    }

    fn note(&mut self, event: Event, heard: &mut Vec<Heard>) {
        match event {
            Event::Connected => {
                self.stats.connected = true;
                self.choose_payload_type();
            }
            Event::MediaAdded(added) => {
                self.mid = Some(added.mid);
                self.choose_payload_type();
            }
            Event::MediaData(data) if !data.data.is_empty() => {
                self.stats.packets_received += 1;
                heard.push(Heard {
                    arrived: data.network_time,
                    rtp: data.time.rebase(Frequency::EIGHT_KHZ).numer(),
                    pcm: data.data.iter().map(|&byte| pcmu::decode(byte)).collect(),
                });
            }
            _ => {}
        }
    }

    fn choose_payload_type(&mut self) {
        let Some(writer) = self.mid.and_then(|mid| self.rtc.writer(mid)) else {
            return;
        };
        let chosen = writer
            .payload_params()
            .find(|params| params.spec().codec == Codec::PCMU)
            .map(|params| params.pt());
        self.pt = chosen.or(self.pt);
    }
}

/// A datagram as str0m takes it, if it is anything at all.
pub(super) fn datagram(
    bytes: &[u8],
    source: std::net::SocketAddr,
    local: std::net::SocketAddr,
) -> Option<Input<'_>> {
    let receive = Receive::new(Protocol::Udp, source, local, bytes).ok()?;
    Some(Input::Receive(Instant::now(), receive))
}
