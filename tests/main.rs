//! What the server does, asked over HTTP: every test has a server, a database and an archive of its own.

mod make_call;
mod recordings;
mod signed;
mod with_twilio;
mod twilio_client;
