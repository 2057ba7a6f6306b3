//! Between a server and its store: sees all that is sent, and cuts it off or keeps it when told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone)]
pub struct Wire {
    pub url: String,
    seen: Arc<Mutex<Vec<u8>>>,
    /// How many more connections break, each after so many bytes.
    cuts: Arc<AtomicUsize>,
    after: Arc<AtomicUsize>,
    silent: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            cuts: Arc::default(),
            after: Arc::default(),
            silent: watch::Sender::new(false),
        };
        let serving = wire.clone();
        tokio::spawn(async move {
            while let Ok((ours, _)) = listener.accept().await {
                let wire = serving.clone();
                tokio::spawn(async move { wire.carry(ours, port).await });
            }
        });
        wire
    }

    /// The next connections that send more than `after` bytes break there.
    pub fn cut(&self, connections: usize, after: usize) {
        self.after.store(after, SeqCst);
        self.cuts.store(connections, SeqCst);
    }

    pub fn cuts_left(&self) -> usize {
        self.cuts.load(SeqCst)
    }

    /// While it is silent, connections are accepted and what is sent waits.
    pub fn be_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// All that was sent to the store, as text.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    async fn carry(self, ours: TcpStream, port: u16) -> Option<()> {
        let store = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let ((mut from_us, mut to_us), (mut from_store, mut to_store)) =
            (ours.into_split(), store.into_split());
        let back = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_store, &mut to_us).await;
        });
        let (mut sent, mut chunk) = (0, vec![0; 16 * 1024]);
        loop {
            let read = from_us.read(&mut chunk).await.ok().filter(|read| *read > 0);
            let Some(read) = read else {
                break;
            };
            let chunk = &chunk[..read];
            self.seen.lock().unwrap().extend_from_slice(chunk);
            sent += read;
            let cut = sent > self.after.load(SeqCst)
                && self
                    .cuts
                    .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
                    .is_ok();
            if cut {
                back.abort();
                break;
            }
            let mut silent = self.silent.subscribe();
            silent.wait_for(|silent| !silent).await.ok()?;
            to_store.write_all(chunk).await.ok()?;
        }
        Some(())
    }
}
