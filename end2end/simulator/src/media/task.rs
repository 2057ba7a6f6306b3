//! The task itself: datagrams, commands and time, in one loop.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use str0m::Input;
use str0m::config::DtlsCert;
use tokio::sync::mpsc;

use super::peer::{self, Heard, Peer};
use super::room::{Room, Speaker};
use super::{Command, PeerId, Position, Says};
use crate::call::Side;
use crate::far_end::Voice;
use crate::network::Wire;
use crate::sid::Sid;

/// Owns everything.
pub(super) struct Task {
    socket: Wire,
    local: SocketAddr,
    certificate: DtlsCert,
    peers: HashMap<PeerId, Peer>,
    rooms: HashMap<Sid, Room>,
}

impl Task {
    pub fn new(socket: Wire, local: SocketAddr, certificate: DtlsCert) -> Self {
        Self {
            socket,
            local,
            certificate,
            peers: HashMap::new(),
            rooms: HashMap::new(),
        }
    }

    /// Runs until nobody can ask for anything any more.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
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
        let peers = self
            .peers
            .values()
            .map(|peer| peer.deadline.min(peer.give_up.unwrap_or(peer.deadline)));
        let rooms = self.rooms.values().map(Room::due);
        peers
            .chain(rooms)
            .min()
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(60))
    }

    fn receive(&mut self, bytes: &[u8], source: SocketAddr) {
        let Some(input) = peer::datagram(bytes, source, self.local) else {
            return;
        };
        let Some((&id, peer)) = self.peers.iter_mut().find(|(_, peer)| peer.accepts(&input)) else {
            return;
        };
        let heard = peer.take(input, &self.socket);
        self.place(id, heard);
    }

    fn place(&mut self, id: PeerId, heard: Vec<Heard>) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(position) = peer.position.clone() else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&position.room) else {
            return;
        };
        for packet in heard {
            room.place(
                position.side,
                &mut peer.anchor,
                packet.arrived,
                packet.rtp,
                &packet.pcm,
            );
        }
    }

    /// Lets everything happen that is due.
    fn time_passes(&mut self) {
        let now = Instant::now();
        let due: Vec<PeerId> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.deadline <= now)
            .map(|(&id, _)| id)
            .collect();
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
                let answer = self
                    .peer(id, now)
                    .and_then(|(peer, socket)| peer.answer(&offer, socket));
                let _ = reply.send(answer);
            }
            Command::Offer(id, reply) => {
                let offer = self
                    .peer(id, now)
                    .and_then(|(peer, socket)| peer.offer(socket));
                let _ = reply.send(offer);
            }
            Command::Accept(id, answer, reply) => {
                let accepted = self
                    .peer(id, now)
                    .and_then(|(peer, socket)| peer.accept(&answer, socket));
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
                let recorded = self
                    .rooms
                    .get_mut(&sid)
                    .and_then(|room| room.stop_recording(&recording));
                let _ = reply.send(recorded);
            }
            Command::Close(sid) => {
                self.rooms.remove(&sid);
            }
        }
    }

    /// The peer of this name, made if need be.
    fn peer(&mut self, id: PeerId, now: Instant) -> anyhow::Result<(&mut Peer, &Wire)> {
        if !self.peers.contains_key(&id) {
            self.peers
                .insert(id, Peer::new(self.local, self.certificate.clone(), now)?);
        }
        let peer = self
            .peers
            .get_mut(&id)
            .context("a peer that was just made")?;
        Ok((peer, &self.socket))
    }

    fn speak(&mut self, sid: &Sid, side: Side, says: Says) {
        let Some(room) = self.rooms.get_mut(sid) else {
            return;
        };
        let speaker = match says {
            Says::Browser(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.position = Some(Position {
                        room: sid.clone(),
                        side,
                    });
                }
                Speaker::Browser(id)
            }
            Says::Phone(speech) => Speaker::Voice(Voice::Phone {
                speech,
                since: room.position(),
            }),
            Says::Ringback => Speaker::Voice(Voice::Ringback),
            Says::Announcement => Speaker::Voice(Voice::Announcement),
            Says::Silence => Speaker::Voice(Voice::Silence),
        };
        room.speak(side, speaker);
    }
}
