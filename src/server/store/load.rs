//! How busy the database is, as far as we can tell without asking it.

use super::{Engine, Store};

/// A glance at the pools and at the writer's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Open connections that read, and how many of them are idle.
    pub connections: u32,
    pub idle: usize,
    /// Commands that wait for the writer.
    pub queued: usize,
}

impl Store {
    pub fn load(&self) -> Load {
        let (connections, idle) = match &self.engine {
            Engine::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Engine::Postgres(pool, _) => (pool.size(), pool.num_idle()),
        };
        Load {
            connections,
            idle,
            queued: self.writer.max_capacity() - self.writer.capacity(),
        }
    }
}
