//! All media of all calls: one task owns the UDP socket and every WebRTC connection; nobody else touches them.

mod peer;
mod room;
mod task;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde::Serialize;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::call::Side;
use crate::far_end::Speech;
use crate::network::{Network, Wire};
use crate::sid::Sid;
use task::Task;

/// Names one WebRTC connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerId(u64);

impl PeerId {
    /// A name that no other connection has.
    pub fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Where a browser's voice goes.
#[derive(Clone, Debug)]
struct Position {
    room: Sid,
    side: Side,
}

/// Both sides of a recording, from the same sample to the same sample.
#[derive(Debug, PartialEq)]
pub struct Recorded {
    /// Channel 1: the parent leg.
    pub parent: Vec<i16>,
    /// Channel 2: what it was connected to.
    pub child: Vec<i16>,
}

/// What is known of a browser's media.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct PeerStats {
    /// ICE and DTLS stand.
    pub connected: bool,
    /// RTP packets that came.
    pub packets_received: u64,
    /// RTP packets that went.
    pub packets_sent: u64,
}

/// What a side says, as the switchboard asks for it.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// A browser's voice.
    Browser(PeerId),
    /// A phone that was just answered.
    Phone(Speech),
    /// The network's ringback.
    Ringback,
    /// `Say` or `Play`.
    Announcement,
    /// Nothing.
    Silence,
}

type Reply<T> = oneshot::Sender<T>;

enum Command {
    Answer(PeerId, String, Reply<anyhow::Result<String>>),
    Offer(PeerId, Reply<anyhow::Result<String>>),
    Accept(PeerId, String, Reply<anyhow::Result<()>>),
    Stats(PeerId, Reply<Option<PeerStats>>),
    ClosePeer(PeerId),
    Open(Sid),
    Speak(Sid, Side, Says),
    Record(Sid, Sid),
    StopRecording(Sid, Sid, Reply<Option<Recorded>>),
    Close(Sid),
}

/// The way to the media task.
#[derive(Clone)]
pub struct Media {
    commands: mpsc::UnboundedSender<Command>,
    local: SocketAddr,
}

impl Media {
    /// Binds the socket and starts the task.
    pub async fn start(address: SocketAddr, network: Network) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind(address)
            .await
            .with_context(|| format!("cannot bind media to UDP {address}"))?;
        let local = socket.local_addr()?;
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider
            .dtls_provider
            .generate_certificate()
            .context("no DTLS certificate")?;
        provider.install_process_default();
        let (commands, inbox) = mpsc::unbounded_channel();
        let task = Task::new(Wire::new(socket, network), local, certificate);
        tokio::spawn(task.run(inbox));
        Ok(Self { commands, local })
    }

    /// Where media is received.
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// Answers a browser's offer; on a known peer it is a renegotiation.
    pub async fn answer(&self, peer: PeerId, offer: String) -> anyhow::Result<String> {
        self.ask(|reply| Command::Answer(peer, offer, reply))
            .await?
    }

    /// Offers audio to a browser.
    pub async fn offer(&self, peer: PeerId) -> anyhow::Result<String> {
        self.ask(|reply| Command::Offer(peer, reply)).await?
    }

    /// Takes a browser's answer.
    pub async fn accept(&self, peer: PeerId, answer: String) -> anyhow::Result<()> {
        self.ask(|reply| Command::Accept(peer, answer, reply))
            .await?
    }

    /// What is known of a browser's media.
    pub async fn stats(&self, peer: PeerId) -> Option<PeerStats> {
        self.ask(|reply| Command::Stats(peer, reply))
            .await
            .ok()
            .flatten()
    }

    /// Ends a browser's connection, a moment later: its `hangup` frame, on another socket, is to arrive first.
    pub fn close_peer(&self, peer: PeerId) {
        let media = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            media.tell(Command::ClosePeer(peer));
        });
    }

    /// Opens the room of a call.
    pub fn open(&self, room: &Sid) {
        self.tell(Command::Open(room.clone()));
    }

    /// From now on this is said on that side.
    pub fn speak(&self, room: &Sid, side: Side, says: Says) {
        self.tell(Command::Speak(room.clone(), side, says));
    }

    /// Starts a recording.
    pub fn record(&self, room: &Sid, recording: &Sid) {
        self.tell(Command::Record(room.clone(), recording.clone()));
    }

    /// Ends a recording.
    pub async fn stop_recording(&self, room: &Sid, recording: &Sid) -> Option<Recorded> {
        self.ask(|reply| Command::StopRecording(room.clone(), recording.clone(), reply))
            .await
            .ok()
            .flatten()
    }

    /// Closes the room of a call.
    pub fn close(&self, room: &Sid) {
        self.tell(Command::Close(room.clone()));
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> anyhow::Result<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply));
        answer.await.map_err(|_| anyhow!("the media task is gone"))
    }

    fn tell(&self, command: Command) {
        // Only at the very end is nobody listening.
        let _ = self.commands.send(command);
    }
}
