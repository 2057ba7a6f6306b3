//! The seven rows by which an installation is tested, each ticked by what the system has seen itself. Pure: what was seen goes in,
//! how each row stands comes out.

use super::{call::Evidence, sid::CallSid};

/// A row of the checklist, in the order in which a test call goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The TwiML App's addresses are ours.
    AppUrls,
    /// The customer's phone rang.
    Rings,
    /// It was answered, and both could be heard.
    Sound,
    /// Twilio's status callbacks reach us, to the last.
    StatusCallbacks,
    /// So does the one that says that the recording is ready.
    RecordingCallback,
    /// The call is in the history, and over.
    History,
    /// Somebody has played its recording.
    Playback,
}

/// How a row stands; on the page `data-standing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Done,
    Waiting,
    /// Calls are not recorded here, so there is nothing to see.
    Off,
    /// The recording has no sound of this party.
    Silent(Party),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Agent,
    Customer,
    Both,
}

/// What a recording's two channels hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    BothWays,
    Missing(Party),
}

/// What is known of one call from the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCall {
    pub sid: CallSid,
    /// E.164
    pub to: String,
    /// Milliseconds since 1970.
    pub started_at: i64,
    pub over: bool,
    pub talked_secs: i64,
    pub evidence: Evidence,
    /// Once the recording is archived.
    pub sound: Option<Sound>,
    /// Its callback said that it is completed.
    pub recording_reported: bool,
    pub recording_heard: bool,
}

/// What the rows are judged by.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The last check of the TwiML App found it right.
    pub app_urls: bool,
    /// `RECORD_CALLS`
    pub records: bool,
    pub calls: Vec<TestCall>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checklist {
    pub rows: [(Step, Standing); 7],
    /// The call that shows the most, the newest among equals.
    pub call: Option<TestCall>,
    /// When every row was first seen done, in milliseconds since 1970.
    pub finished_at: Option<i64>,
}

/// Bars of a waveform are 0 to 255, 255 being the loudest sample of the recording; what never reaches this (−38 dB) is the noise of a line.
const AUDIBLE: u8 = 3;

impl Step {
    pub const ALL: [Self; 7] = [
        Self::AppUrls,
        Self::Rings,
        Self::Sound,
        Self::StatusCallbacks,
        Self::RecordingCallback,
        Self::History,
        Self::Playback,
    ];

    /// Stable: `data-step` on the page.
    pub fn id(self) -> &'static str {
        match self {
            Self::AppUrls => "app-urls",
            Self::Rings => "rings",
            Self::Sound => "sound",
            Self::StatusCallbacks => "status-callbacks",
            Self::RecordingCallback => "recording-callback",
            Self::History => "history",
            Self::Playback => "playback",
        }
    }
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Off => "off",
            Self::Silent(_) => "silent",
        }
    }
}

impl Sound {
    /// By the recording's waveform; `None` unless it has two channels. `agent_channel` is 1 or 2.
    pub fn heard(channels: &[Vec<u8>], agent_channel: i64) -> Option<Self> {
        let [first, second] = channels else {
            return None;
        };
        let (agent, customer) = match agent_channel {
            2 => (second, first),
            _ => (first, second),
        };
        let audible = |channel: &[u8]| channel.iter().any(|bar| *bar >= AUDIBLE);
        Some(match (audible(agent), audible(customer)) {
            (true, true) => Self::BothWays,
            (false, true) => Self::Missing(Party::Agent),
            (true, false) => Self::Missing(Party::Customer),
            (false, false) => Self::Missing(Party::Both),
        })
    }
}

impl Seen {
    /// How every row stands.
    pub fn judge(self) -> Checklist {
        let done = |call: &&TestCall| {
            Step::ALL
                .iter()
                .filter(|step| self.standing(**step, Some(call)) == Standing::Done)
                .count()
        };
        let call = self
            .calls
            .iter()
            .max_by_key(|call| (done(call), call.started_at));
        Checklist {
            rows: Step::ALL.map(|step| (step, self.standing(step, call))),
            call: call.cloned(),
            finished_at: None,
        }
    }

    fn standing(&self, step: Step, call: Option<&TestCall>) -> Standing {
        let has = |seen: fn(&TestCall) -> bool| call.is_some_and(seen);
        let done = match step {
            Step::RecordingCallback | Step::Playback if !self.records => return Standing::Off,
            Step::Sound => return call.map_or(Standing::Waiting, TestCall::sound),
            Step::AppUrls => self.app_urls,
            Step::Rings => has(|call| {
                let customer = &call.evidence.child;
                customer.ringing || customer.answered_at.is_some()
            }),
            Step::StatusCallbacks => has(|call| call.evidence.child.end.status.is_some()),
            Step::RecordingCallback => has(|call| call.recording_reported),
            Step::History => has(|call| call.over),
            Step::Playback => has(|call| call.recording_heard),
        };
        if done {
            Standing::Done
        } else {
            Standing::Waiting
        }
    }
}

impl TestCall {
    /// The recording decides once it can be listened to; until then, that they talked.
    fn sound(&self) -> Standing {
        match self.sound {
            Some(Sound::BothWays) => Standing::Done,
            Some(Sound::Missing(party)) => Standing::Silent(party),
            None if self.talked_secs > 0 => Standing::Done,
            None => Standing::Waiting,
        }
    }
}

impl Checklist {
    /// That of an installation whose test is over.
    pub fn finished(at: i64, records: bool) -> Self {
        let standing = |step| match step {
            Step::RecordingCallback | Step::Playback if !records => Standing::Off,
            _ => Standing::Done,
        };
        Self {
            rows: Step::ALL.map(|step| (step, standing(step))),
            call: None,
            finished_at: Some(at),
        }
    }

    /// Is there nothing left to see?
    pub fn is_complete(&self) -> bool {
        self.rows
            .iter()
            .all(|(_, standing)| matches!(standing, Standing::Done | Standing::Off))
    }

    pub fn done(&self) -> usize {
        self.rows
            .iter()
            .filter(|(_, standing)| *standing == Standing::Done)
            .count()
    }
}

#[cfg(test)]
mod tests;
