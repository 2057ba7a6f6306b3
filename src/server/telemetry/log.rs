//! The log's way out: a thread of its own writes what others have left for it, so that no request ever waits for a disk, or for whoever reads
//! standard error. What is lost for want of a reader is counted, and said.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long lines gather, so that one write serves them all. Short enough for whoever looks on.
const GATHER: Duration = Duration::from_millis(10);
/// So much is worth a write before that.
const PLENTY: usize = 64 * 1024;
/// What may wait when nobody reads: some twenty thousand lines. What comes on top is lost.
const MOST: usize = 4 * 1024 * 1024;
/// How long a program that ends waits for whoever reads its log.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes lines; cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write, or somebody is in a hurry.
    filled: Condvar,
    /// All that there was has been written.
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
    is_writing: bool,
    is_urgent: bool,
}

/// One line that is being made. `tracing_subscriber` hands it over whole.
pub struct Line<'a>(&'a Shared);

impl Log {
    /// Begins to write to `out`. `say_lost` is called, on the writing thread, when that takes lines again after some were lost.
    pub fn start(
        out: impl Write + Send + 'static,
        say_lost: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
        });
        let log = Self(shared.clone());
        thread::Builder::new()
            .name("log".into())
            .spawn(move || shared.write(out, say_lost))?;
        Ok(log)
    }

    pub fn line(&self) -> Line<'_> {
        Line(&self.0)
    }

    /// Returns when everything has been written, or nobody has taken it for two seconds.
    pub fn flush(&self) {
        let shared = &self.0;
        let until = Instant::now() + PATIENCE;
        let mut waiting = shared.lock();
        while !waiting.bytes.is_empty() || waiting.is_writing {
            waiting.is_urgent = true;
            shared.filled.notify_one();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting = match shared.written.wait_timeout(waiting, left) {
                Ok((waiting, _)) => waiting,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        let before = waiting.bytes.len();
        if before + line.len() > MOST {
            waiting.lost += 1;
            drop(waiting);
            metrics::counter!("almasar_log_lines_lost_total").increment(1);
            return Ok(line.len());
        }
        waiting.bytes.extend_from_slice(line);
        let after = waiting.bytes.len();
        drop(waiting);
        // Otherwise the thread is writing, or looks by itself when these lines have gathered.
        if before == 0 || (before < PLENTY && after >= PLENTY) {
            self.0.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Nothing that panics runs while it is held.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut out: impl Write, say_lost: impl Fn(u64)) {
        let mut bytes = Vec::new();
        loop {
            self.gather(&mut bytes);
            let done = out.write_all(&bytes).and_then(|()| out.flush());
            let mut waiting = self.lock();
            let lost = match done {
                Ok(()) => mem::take(&mut waiting.lost),
                Err(_) => {
                    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
                    waiting.lost += lines as u64;
                    0
                }
            };
            waiting.is_writing = false;
            drop(waiting);
            self.written.notify_all();
            if lost > 0 {
                say_lost(lost);
            }
            bytes.clear();
            bytes.shrink_to(PLENTY);
        }
    }

    /// Waits for lines, and a moment for more of them.
    fn gather(&self, bytes: &mut Vec<u8>) {
        let wait = |held, how_long| match self.filled.wait_timeout(held, how_long) {
            Ok((waiting, _)) => waiting,
            Err(poisoned) => poisoned.into_inner().0,
        };
        let mut waiting = self.lock();
        while waiting.bytes.is_empty() {
            waiting = self
                .filled
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GATHER;
        while !waiting.is_urgent && waiting.bytes.len() < PLENTY {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiting = wait(waiting, left);
        }
        waiting.is_urgent = false;
        waiting.is_writing = true;
        mem::swap(&mut waiting.bytes, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Hands over what is written, one write at a time, to whoever takes it.
    struct Reader(mpsc::SyncSender<Vec<u8>>);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .send(bytes.to_vec())
                .map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A log, what is written of it, and what is said of lost lines.
    fn log(room: usize) -> (Log, mpsc::Receiver<Vec<u8>>, mpsc::Receiver<u64>) {
        let (sender, written) = mpsc::sync_channel(room);
        let (say, said) = mpsc::channel();
        let say_lost = move |lost| {
            let _ = say.send(lost);
        };
        let log = Log::start(Reader(sender), say_lost).expect("a thread");
        (log, written, said)
    }

    #[test]
    fn lines_of_many_threads_come_out_whole_and_all() {
        let (log, written, _said) = log(100_000);
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let log = log.clone();
                scope.spawn(move || {
                    for n in 0..1000 {
                        let line = format!("{name}{n}\n");
                        log.line().write_all(line.as_bytes()).expect("taken");
                    }
                });
            }
        });
        log.flush();
        let all: Vec<u8> = written.try_iter().flatten().collect();
        let text = String::from_utf8(all).expect("text");
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 4000);
    }

    #[test]
    fn what_was_logged_is_written_when_flush_returns() {
        let (log, written, _said) = log(100);
        for n in 0..20 {
            log.line().write_all(b"here\n").expect("taken");
            log.flush();
            let bytes: Vec<u8> = written.try_iter().flatten().collect();
            assert_eq!(bytes, b"here\n", "{n}");
        }
    }

    #[test]
    fn whoever_does_not_read_keeps_nobody_waiting_and_learns_how_much_was_lost() {
        let (log, written, said) = log(0);
        let line = [b'x'; 1023].into_iter().chain([b'\n']).collect::<Vec<u8>>();
        // What waits, what the thread holds, and a thousand lines that there is no room for.
        let many = 2 * MOST / line.len() + 1000;
        for _ in 0..many {
            log.line().write_all(&line).expect("taken");
        }
        thread::spawn(move || for _ in written {});
        let lost = said.recv().expect("a number");
        assert!(lost >= 1000, "{lost}");
    }
}
