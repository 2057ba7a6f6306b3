//! A small stand-in for Twilio's REST API, which answers what it was told to and notes what it was asked.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::net::TcpListener;

/// One request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// What it answers to a path (and method), in order; the last answer stays.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// The connection breaks after half of the body.
    pub cut: bool,
    /// How long it takes.
    pub after: Duration,
}

impl Answer {
    pub fn json(body: Value) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: body.to_string().into(),
            cut: false,
            after: Duration::ZERO,
        }
    }

    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::json(
                json!({ "code": 20000, "message": "as the test wants it", "status": status }),
            )
        }
    }

    pub fn wav(body: Bytes) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "audio/x-wav".into())],
            body,
            cut: false,
            after: Duration::ZERO,
        }
    }

    pub fn redirect(location: String) -> Self {
        Self {
            status: 302,
            headers: vec![("location", location)],
            body: Bytes::new(),
            cut: false,
            after: Duration::ZERO,
        }
    }

    pub fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<Answer>>,
    asked: Vec<Asked>,
}

#[derive(Clone)]
pub struct StandIn {
    script: Arc<Mutex<Script>>,
    url: String,
}

impl StandIn {
    pub async fn spawn() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stand_in = Self {
            script: Arc::default(),
            url,
        };
        let app = Router::new().fallback(answer).with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        stand_in
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on: these, one after the other, to that method and path (without the query).
    pub fn answers(&self, method: &str, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.lock()
            .answers
            .insert(format!("{method} {path}"), answers.into_iter().collect());
    }

    /// What was asked under paths that contain this.
    pub fn asked(&self, part: &str) -> Vec<Asked> {
        self.lock()
            .asked
            .iter()
            .filter(|asked| asked.path.contains(part))
            .cloned()
            .collect()
    }

    /// Notes what was asked, and takes the answer to it.
    fn next(&self, asked: Asked) -> Answer {
        let path = asked.path.split('?').next().unwrap_or_default();
        let key = format!("{} {path}", asked.method);
        let mut script = self.lock();
        script.asked.push(asked);
        let answers = script.answers.get_mut(&key);
        let answer = answers.and_then(|answers| {
            if answers.len() > 1 {
                answers.pop_front()
            } else {
                answers.front().cloned()
            }
        });
        answer.unwrap_or_else(|| Answer::status(404))
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test failed meanwhile")
    }
}

async fn answer(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .unwrap_or_default();
    let path = parts
        .uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let answer = stand_in.next(Asked {
        method: parts.method.to_string(),
        path,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    tokio::time::sleep(answer.after).await;
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let mut response =
        Response::builder().status(StatusCode::from_u16(answer.status).expect("a status"));
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    if !answer.cut {
        return response.body(Body::from(answer.body)).expect("a response");
    }
    let half = answer.body.slice(..answer.body.len() / 2);
    let stream = futures::stream::iter([Ok(half), Err(std::io::Error::other("cut"))]);
    response
        .header("content-length", answer.body.len())
        .body(Body::from_stream(stream))
        .expect("a response")
}

/// One second on two channels: the agent loud and then silent, the customer the other way about.
pub fn wav() -> Bytes {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a header");
    for i in 0..8000 {
        for sample in if i < 4000 {
            [20_000i16, 0]
        } else {
            [0, 20_000]
        } {
            writer.write_sample(sample).expect("a sample");
        }
    }
    writer.finalize().expect("a file");
    bytes.into_inner().into()
}
