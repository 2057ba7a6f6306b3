//! What SQLite, with its one server and no process of its own, has nothing of.

mod database_killed;
mod servers;
