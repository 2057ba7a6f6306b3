mod page;
mod rest;
mod undialled;

use super::*;
use crate::twiml;

/// An account that owns one number; everything else is in the dialled number.
struct Account;

impl World for Account {
    fn account_sid(&self) -> String {
        "AC1".to_owned()
    }
    fn may_call_from(&self, number: &str) -> bool {
        number == "+15005550006"
    }
    fn permits(&self, number: &str) -> bool {
        !number.starts_with("+49")
    }
    fn far_end(&self, number: &str) -> FarEnd {
        FarEnd::of_number(number)
    }
}

/// A call and everything it has asked for, with a clock that only moves when told.
struct Story {
    call: Call,
    now: Timestamp,
    outputs: Vec<Output>,
}

const CUSTOMER: &str = "+966569705616";

fn dial(number: &str) -> Vec<Verb> {
    let document = format!(
        r#"<Response><Dial callerId="+15005550006" answerOnBridge="true" record="record-from-answer-dual" action="https://a.example/after">
             <Number statusCallback="https://a.example/status" statusCallbackEvent="initiated ringing answered completed">{number}</Number>
           </Dial></Response>"#
    );
    twiml::parse(&document).expect("TwiML")
}

fn bridge() -> Vec<Verb> {
    let document = r#"<Response><Dial action="https://a.example/after"><Client statusCallback="https://a.example/status"
        statusCallbackEvent="initiated ringing answered completed">agent_1</Client></Dial><Say>Sorry</Say></Response>"#;
    twiml::parse(document).expect("TwiML")
}

impl Story {
    fn begin(leg: Leg, source: Source) -> Self {
        let now = leg.created;
        let custom = vec![
            ("To".to_owned(), CUSTOMER.to_owned()),
            ("note".to_owned(), "x".to_owned()),
            ("CallSid".to_owned(), "forged".to_owned()),
        ];
        let mut story = Self {
            call: Call::new(leg, source, custom, RestOptions::default()),
            now,
            outputs: Vec::new(),
        };
        story.tell(Input::Start);
        story
    }

    /// A browser calls; its application is asked.
    fn from_browser() -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let mut leg = Leg::new(
            Direction::Inbound,
            Party::parse("client:agent_1"),
            "client:agent_1".into(),
            CUSTOMER.into(),
            now,
        );
        leg.callback.url = Some("https://a.example/app".into());
        Self::begin(
            leg,
            Source::Url {
                url: "https://a.example/voice".into(),
                get: false,
                fallback: None,
            },
        )
    }

    /// A call made by REST, to be bridged to a browser.
    fn from_rest(number: &str) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let mut leg = Leg::new(
            Direction::OutboundApi,
            Party::parse(number),
            "+15005550006".into(),
            number.into(),
            now,
        );
        leg.callback = Callback {
            url: Some("https://a.example/rest".into()),
            events: vec![
                "initiated".into(),
                "ringing".into(),
                "answered".into(),
                "completed".into(),
            ],
            get: false,
        };
        Self::begin(leg, Source::Inline(bridge()))
    }

    fn tell(&mut self, input: Input) {
        let outputs = self.call.handle(input, self.now, &Account);
        self.outputs.extend(outputs);
    }

    fn obeys(mut self, verbs: Vec<Verb>) -> Self {
        let epoch = self.call.epoch;
        self.tell(Input::Twiml(epoch, Ok(verbs)));
        self
    }

    /// Lets the last timer of this kind ring.
    fn time(&mut self, wanted: impl Fn(&Timer) -> bool) {
        let timer = self.outputs.iter().rev().find_map(|output| match output {
            Output::After(_, timer) if wanted(timer) => Some(timer.clone()),
            _ => None,
        });
        self.tell(Input::Timer(timer.expect("a timer of this kind")));
    }

    fn far_end(&mut self, step: Step) {
        self.time(|timer| matches!(timer, Timer::FarEnd(_, planned) if *planned == step));
    }

    fn seconds_pass(&mut self, seconds: i64) {
        self.now = Timestamp::from_second(self.now.as_second() + seconds).expect("in range");
    }

    fn child(&self) -> Leg {
        self.call.children.last().expect("a dialled leg").clone()
    }

    /// What was told to a URL, as `CallStatus`.
    fn told(&self, path: &str) -> Vec<String> {
        self.webhooks(path)
            .iter()
            .map(|webhook| value(webhook, "CallStatus"))
            .collect()
    }

    fn webhooks(&self, path: &str) -> Vec<Webhook> {
        let sent = self.outputs.iter().filter_map(|output| match output {
            Output::Callback(webhook) | Output::Fetch(_, webhook) => Some(webhook),
            _ => None,
        });
        sent.filter(|webhook| webhook.url.ends_with(path))
            .cloned()
            .collect()
    }

    fn did(&self, wanted: impl Fn(&Output) -> bool) -> bool {
        self.outputs.iter().any(wanted)
    }

    fn alerts(&self) -> Vec<u32> {
        self.outputs
            .iter()
            .filter_map(|output| {
                if let Output::Alert(code, ..) = output {
                    Some(*code)
                } else {
                    None
                }
            })
            .collect()
    }
}

fn value(webhook: &Webhook, key: &str) -> String {
    webhook
        .params
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}
