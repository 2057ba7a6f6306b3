//! `GET /api/calls/events`, as a browser hears it.

use super::Person;
use futures::StreamExt;
use reqwest::{Method, Response, header};
use serde_json::Value;
use std::time::Duration;

/// A stream, read one event at a time.
pub struct Stream {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    waiting: String,
}

/// One block of the stream.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    pub event: String,
    pub id: String,
    pub data: String,
}

pub async fn listen(person: &Person, last_event_id: Option<&str>) -> Stream {
    let mut request = person.request(Method::GET, "/api/calls/events");
    if let Some(id) = last_event_id {
        request = request.header("Last-Event-ID", id);
    }
    Stream::of(request.send().await.unwrap())
}

impl Stream {
    pub fn of(response: Response) -> Self {
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        Self {
            bytes: response
                .bytes_stream()
                .map(|bytes| bytes.map(|bytes| bytes.to_vec()))
                .boxed(),
            waiting: String::new(),
        }
    }

    /// `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.waiting.split_once("\n\n") {
                let mut told = Told::default();
                for line in block.lines() {
                    match line.split_once(':') {
                        Some(("event", value)) => told.event = value.trim().to_owned(),
                        Some(("id", value)) => told.id = value.trim().to_owned(),
                        Some(("data", value)) => told.data = value.trim().to_owned(),
                        _ => {}
                    }
                }
                self.waiting = rest.to_owned();
                return Some(told);
            }
            let bytes = tokio::time::timeout(Duration::from_secs(20), self.bytes.next())
                .await
                .expect("nothing came");
            self.waiting
                .push_str(&String::from_utf8(bytes?.ok()?).unwrap());
        }
    }

    pub async fn next_call(&mut self) -> Option<(String, Value)> {
        loop {
            let told = self.next().await?;
            if told.event == "call" {
                return Some((told.id, serde_json::from_str(&told.data).unwrap()));
            }
        }
    }
}
