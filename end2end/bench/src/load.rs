//! Requests that are written out already, over connections that stay open. The client does as little as it can: it shares the processors
//! with what it measures.

use anyhow::{Context, Result, bail};
use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
    time::Instant,
};

/// A load that comes whether or not the last answers have.
pub struct Offered {
    pub connections: usize,
    pub per_second: usize,
    pub lasting: Duration,
}

impl Offered {
    pub fn requests(&self) -> usize {
        self.per_second * self.lasting.as_secs() as usize
    }
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections, {}/s", self.connections, self.per_second)
    }
}

/// From the moment at which a request was due, sent or not, to the end of its answer.
pub struct Latency {
    pub median: Duration,
    pub p99: Duration,
    pub worst: Duration,
    /// Answers a second.
    pub rate: f64,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0}/s, median {:.1?}, p99 {:.1?}, worst {:.1?}",
            self.rate, self.median, self.p99, self.worst
        )
    }
}

/// Each connection sends its next request when it has its answer. Returns requests a second.
pub async fn closed_loop(to: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Result<f64> {
    let requests = Arc::new(requests.to_vec());
    let next = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(Barrier::new(connections + 1));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (requests, next, ready) = (requests.clone(), next.clone(), ready.clone());
        let mut client = Client::connect(to).await?;
        clients.spawn(async move {
            ready.wait().await;
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                client.ask(request).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    ready.wait().await;
    let began = Instant::now();
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok(requests.len() as f64 / began.elapsed().as_secs_f64())
}

/// Requests become due evenly, whatever the server does: a pause of the server's is not left out of the figures.
pub async fn open_loop(
    to: SocketAddr,
    requests: Vec<Vec<u8>>,
    offered: &Offered,
) -> Result<Latency> {
    let count = requests.len();
    let mut shares = vec![Vec::new(); offered.connections];
    for (n, request) in requests.into_iter().enumerate() {
        let due = Duration::from_secs_f64(n as f64 / offered.per_second as f64);
        shares[n % offered.connections].push((due, request));
    }
    let ready = Arc::new(Barrier::new(offered.connections + 1));
    let mut clients = JoinSet::new();
    for share in shares {
        let ready = ready.clone();
        let mut client = Client::connect(to).await?;
        clients.spawn(async move {
            ready.wait().await;
            let began = Instant::now();
            let mut took = Vec::with_capacity(share.len());
            for (due, request) in share {
                tokio::time::sleep_until(began + due).await;
                client.ask(&request).await?;
                took.push((began + due).elapsed());
            }
            Ok::<_, anyhow::Error>(took)
        });
    }
    ready.wait().await;
    let began = Instant::now();
    let mut took = Vec::with_capacity(count);
    while let Some(share) = clients.join_next().await {
        took.extend(share??);
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |part: f64| took[((count - 1) as f64 * part) as usize];
    Ok(Latency {
        median: at(0.5),
        p99: at(0.99),
        worst: at(1.0),
        rate,
    })
}

/// One connection that is kept open.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(4096),
        })
    }

    /// Anything but a callback that was taken, or TwiML that dials, ends the measurement: a refusal is quicker than work.
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the connection was closed");
            }
            if let Some(head) = self.answer.windows(4).position(|end| end == b"\r\n\r\n")
                && self.answer.len() >= head + 4 + self.content_length(head)
            {
                break;
            }
        }
        let done = self.answer.starts_with(b"HTTP/1.1 204")
            || self.answer.windows(5).any(|tag| tag == b"<Dial");
        if !done {
            bail!("refused: {}", String::from_utf8_lossy(&self.answer));
        }
        Ok(())
    }

    fn content_length(&self, head: usize) -> usize {
        String::from_utf8_lossy(&self.answer[..head])
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, length)| length.trim().parse().ok())
            .unwrap_or(0)
    }
}
