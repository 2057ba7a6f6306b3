//! The yardstick: an axum program that checks the signature, writes the same two rows, and does nothing else.
//!
//! It commits in groups as almasar does: `batch` is the largest group, and 1 is what a program does that gives this no thought.

use crate::requests::{PUBLIC_URL, Route, signature};
use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::collections::{BTreeMap, HashMap};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

const SCHEMA: &str = include_str!("../../../migrations/0001_first.sql");

/// A form, and where to say that it is durable.
type Job = (HashMap<String, String>, oneshot::Sender<()>);

pub async fn serve(database: &str, port: u16, batch: usize) -> Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
    let (sender, queue) = mpsc::channel(4096);
    let writing = tokio::spawn(write(connection, queue, batch));
    let app = Router::new()
        .route(Route::Status.path(), post(take))
        .route(Route::Outbound.path(), post(take))
        .with_state(sender);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    tokio::select! {
        served = axum::serve(listener, app) => Ok(served?),
        written = writing => written?,
    }
}

async fn take(
    State(queue): State<mpsc::Sender<Job>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let sorted: BTreeMap<_, _> = form.iter().collect();
    let signed = sorted.iter().fold(
        format!("{PUBLIC_URL}{}", uri.path()),
        |text, (name, value)| text + name + value,
    );
    let right = headers
        .get("x-twilio-signature")
        .is_some_and(|header| header.as_bytes() == signature(&signed).as_bytes());
    if !right {
        return StatusCode::FORBIDDEN.into_response();
    }
    let to = form.get("To").cloned().unwrap_or_default();
    let (reply, durable) = oneshot::channel();
    if queue.send((form, reply)).await.is_err() || durable.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if uri.path() == Route::Status.path() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let twiml = format!("<Response><Dial><Number>{to}</Number></Dial></Response>");
    ([(header::CONTENT_TYPE, "text/xml")], twiml).into_response()
}

/// All that waits, in one transaction.
async fn write(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    batch: usize,
) -> Result<()> {
    let mut number = 0_i64;
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, batch).await > 0 {
        let mut transaction = connection.begin_with("begin immediate").await?;
        for (form, _) in &jobs {
            number += 1;
            insert(&mut transaction, form, number)
                .await
                .context("inserting")?;
        }
        transaction.commit().await?;
        for (_, reply) in jobs.drain(..) {
            let _ = reply.send(());
        }
    }
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    form: &HashMap<String, String>,
    number: i64,
) -> Result<()> {
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let (leg, status) = (text("CallSid"), text("CallStatus"));
    let call = form.get("ParentCallSid").map_or(leg, String::as_str);
    let params = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    sqlx::query(
        "insert into events (leg_sid, kind, key, call_sid, position, at, received_at, params)
            values ($1, 'status', $2, $3, $4, $4, $4, $5) on conflict do nothing",
    )
    .bind(leg)
    .bind(format!("{}:{status}", text("SequenceNumber")))
    .bind(call)
    .bind(number)
    .bind(params)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into calls (sid, change, evidence, direction, from_number, to_number, status, started_at)
            values ($1, $2, '{}', 'outbound', $3, $4, $5, $2)
            on conflict (sid) do update set change = excluded.change, status = excluded.status",
    )
    .bind(call)
    .bind(number)
    .bind(text("From"))
    .bind(text("To"))
    .bind(status)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
