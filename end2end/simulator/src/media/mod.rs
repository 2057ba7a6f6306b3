//! All media of all calls: one task owns the UDP socket and every WebRTC connection; nobody else touches them.

mod peer;
mod room;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde::Serialize;
use str0m::Input;
use str0m::config::DtlsCert;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::call::Side;
use crate::far_end::{Speech, Voice};
use crate::sid::Sid;
use peer::{Heard, Peer};
use room::{Room, Speaker};

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
    pub async fn start(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind(address).await.with_context(|| format!("cannot bind media to UDP {address}"))?;
        let local = socket.local_addr()?;
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate().context("no DTLS certificate")?;
        provider.install_process_default();
        let (commands, inbox) = mpsc::unbounded_channel();
        let task = Task { socket, local, certificate, peers: HashMap::new(), rooms: HashMap::new() };
        tokio::spawn(task.run(inbox));
        Ok(Self { commands, local })
    }

    /// Where media is received.
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// Answers a browser's offer; on a known peer it is a renegotiation.
    pub async fn answer(&self, peer: PeerId, offer: String) -> anyhow::Result<String> {
        self.ask(|reply| Command::Answer(peer, offer, reply)).await?
    }

    /// Offers audio to a browser.
    pub async fn offer(&self, peer: PeerId) -> anyhow::Result<String> {
        self.ask(|reply| Command::Offer(peer, reply)).await?
    }

    /// Takes a browser's answer.
    pub async fn accept(&self, peer: PeerId, answer: String) -> anyhow::Result<()> {
        self.ask(|reply| Command::Accept(peer, answer, reply)).await?
    }

    /// What is known of a browser's media.
    pub async fn stats(&self, peer: PeerId) -> Option<PeerStats> {
        self.ask(|reply| Command::Stats(peer, reply)).await.ok().flatten()
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
        self.ask(|reply| Command::StopRecording(room.clone(), recording.clone(), reply)).await.ok().flatten()
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

struct Task {
    socket: UdpSocket,
    local: SocketAddr,
    certificate: DtlsCert,
    peers: HashMap<PeerId, Peer>,
    rooms: HashMap<Sid, Room>,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let mut buffer = vec![0u8; 2_000];
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    if let Ok((length, source)) = received {
                        self.receive(&buffer[..length], source);
                    }
                }
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                () = tokio::time::sleep_until(deadline.into()) => {}
            }
            self.time_passes();
        }
    }

    fn next_deadline(&self) -> Instant {
        let peers = self.peers.values().map(|peer| peer.deadline.min(peer.give_up.unwrap_or(peer.deadline)));
        let rooms = self.rooms.values().map(Room::due);
        peers.chain(rooms).min().unwrap_or_else(|| Instant::now() + Duration::from_secs(60))
    }

    fn receive(&mut self, bytes: &[u8], source: SocketAddr) {
        let Some(input) = peer::datagram(bytes, source, self.local) else { return };
        let Some((&id, peer)) = self.peers.iter_mut().find(|(_, peer)| peer.accepts(&input)) else { return };
        let heard = peer.take(input, &self.socket);
        self.place(id, heard);
    }

    fn place(&mut self, id: PeerId, heard: Vec<Heard>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(position) = peer.position.clone() else { return };
        let Some(room) = self.rooms.get_mut(&position.room) else { return };
        for packet in heard {
            room.place(position.side, &mut peer.anchor, packet.arrived, packet.rtp, &packet.pcm);
        }
    }

    /// Lets everything happen that is due.
    fn time_passes(&mut self) {
        let now = Instant::now();
        let due: Vec<PeerId> = self.peers.iter().filter(|(_, peer)| peer.deadline <= now).map(|(&id, _)| id).collect();
        for id in due {
            if let Some(peer) = self.peers.get_mut(&id) {
                let heard = peer.take(Input::Timeout(now), &self.socket);
                self.place(id, heard);
            }
        }
        let mut heard = Vec::new();
        for room in self.rooms.values_mut() {
            while room.due() <= now {
                for (id, frame) in room.tick() {
                    if let Some(peer) = self.peers.get_mut(&id) {
                        heard.push((id, peer.send(&frame, now, &self.socket)));
                    }
                }
            }
        }
        for (id, packets) in heard {
            self.place(id, packets);
        }
        self.peers.retain(|_, peer| !peer.is_over(now));
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Answer(id, offer, reply) => {
                let answer = self.peer(id, now).and_then(|(peer, socket)| peer.answer(&offer, socket));
                let _ = reply.send(answer);
            }
            Command::Offer(id, reply) => {
                let offer = self.peer(id, now).and_then(|(peer, socket)| peer.offer(socket));
                let _ = reply.send(offer);
            }
            Command::Accept(id, answer, reply) => {
                let accepted = self.peer(id, now).and_then(|(peer, socket)| peer.accept(&answer, socket));
                let _ = reply.send(accepted);
            }
            Command::Stats(id, reply) => {
                let _ = reply.send(self.peers.get(&id).map(|peer| peer.stats));
            }
            Command::ClosePeer(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.close(now, &self.socket);
                }
            }
            Command::Open(sid) => {
                self.rooms.insert(sid, Room::new(now));
            }
            Command::Speak(sid, side, says) => self.speak(&sid, side, says),
            Command::Record(sid, recording) => {
                if let Some(room) = self.rooms.get_mut(&sid) {
                    room.record(recording);
                }
            }
            Command::StopRecording(sid, recording, reply) => {
                let recorded = self.rooms.get_mut(&sid).and_then(|room| room.stop_recording(&recording));
                let _ = reply.send(recorded);
            }
            Command::Close(sid) => {
                self.rooms.remove(&sid);
            }
        }
    }

    /// The peer of this name, made if need be.
    fn peer(&mut self, id: PeerId, now: Instant) -> anyhow::Result<(&mut Peer, &UdpSocket)> {
        if !self.peers.contains_key(&id) {
            self.peers.insert(id, Peer::new(self.local, self.certificate.clone(), now)?);
        }
        let peer = self.peers.get_mut(&id).context("a peer that was just made")?;
        Ok((peer, &self.socket))
    }

    fn speak(&mut self, sid: &Sid, side: Side, says: Says) {
        let Some(room) = self.rooms.get_mut(sid) else { return };
        let speaker = match says {
            Says::Browser(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.position = Some(Position { room: sid.clone(), side });
                }
                Speaker::Browser(id)
            }
            Says::Phone(speech) => Speaker::Voice(Voice::Phone { speech, since: room.position() }),
            Says::Ringback => Speaker::Voice(Voice::Ringback),
            Says::Announcement => Speaker::Voice(Voice::Announcement),
            Says::Silence => Speaker::Voice(Voice::Silence),
        };
        room.speak(side, speaker);
    }
}
