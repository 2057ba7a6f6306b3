//! The network between the browsers and everything here, which tests cut: for a while nothing gets through either way, neither signalling nor
//! media, and nobody is told. Connections are not closed; what was sent over TCP arrives when the network is back.

use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::watch;

/// A handle on it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Network {
    cut_until: watch::Sender<Option<Instant>>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            cut_until: watch::Sender::new(None),
        }
    }
}

impl Network {
    /// From now on, for so long, nothing gets through; for no time at all: it is back at once. Returns when it will be back.
    pub fn cut(&self, lasting: Duration) -> Instant {
        let until = Instant::now() + lasting;
        self.cut_until.send_replace(Some(until));
        until
    }

    /// Does nothing get through?
    pub fn is_cut(&self) -> bool {
        self.cut_until
            .borrow()
            .is_some_and(|until| Instant::now() < until)
    }

    /// Is this still the cut that was to end then?
    pub fn is_cut_until(&self, until: Instant) -> bool {
        self.is_cut() && *self.cut_until.borrow() == Some(until)
    }

    /// Returns when something gets through.
    pub async fn passable(&self) {
        let mut cut = self.cut_until.subscribe();
        loop {
            let until = *cut.borrow_and_update();
            let Some(until) = until.filter(|until| Instant::now() < *until) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                _ = cut.changed() => {}
            }
        }
    }
}

/// A UDP socket on that network.
pub struct Wire {
    socket: UdpSocket,
    network: Network,
}

impl Wire {
    /// The socket, on that network.
    pub fn new(socket: UdpSocket, network: Network) -> Self {
        Self { socket, network }
    }

    /// The next datagram that gets through.
    pub async fn recv_from(
        &self,
        buffer: &mut [u8],
    ) -> std::io::Result<(usize, std::net::SocketAddr)> {
        loop {
            let received = self.socket.recv_from(buffer).await?;
            if !self.network.is_cut() {
                return Ok(received);
            }
        }
    }

    /// Sends, or loses it: a full socket buffer loses a packet too.
    pub fn send_to(&self, datagram: &[u8], to: std::net::SocketAddr) {
        if !self.network.is_cut() {
            let _ = self.socket.try_send_to(datagram, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_gets_through_until_it_is_back() {
        let network = Network::default();
        network.passable().await;
        let until = network.cut(Duration::from_secs(60));
        assert!(network.is_cut() && network.is_cut_until(until));
        let other = network.clone();
        let waiting = tokio::spawn(async move { other.passable().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        network.cut(Duration::ZERO);
        waiting.await.expect("it is back");
        assert!(!network.is_cut());
    }
}
