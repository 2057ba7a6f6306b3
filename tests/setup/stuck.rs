//! Work that waits, on `/setup`.

use super::{Visitor, attribute, parts};
use crate::{doctor::World, support::sid};
use almasar::{
    domain::user::Role,
    server::{clock, store::Store},
};

const ROW: &str = "data-testid=\"stuck-row\"";

/// Twilio told of this recording at that time, and since then it is like this.
async fn recording(world: &World, number: u32, at: i64, status: &str, attempts: i64, error: &str) {
    // Not due before the test is over, so that the server leaves it as it is.
    let next = match status {
        "completed" => (clock::now() + 3_600_000).to_string(),
        _ => "null".to_owned(),
    };
    let (recording, call) = (sid("RE", number), sid("CA", number));
    let sql = format!(
        "insert into recordings (sid, call_sid, status, created_at, attempts, next_attempt_at, last_error) \
         values ('{recording}', '{call}', '{status}', {at}, {attempts}, {next}, '{error}')"
    );
    world.database.connect().await.run(&sql).await;
}

#[tokio::test]
async fn where_everything_gets_on_the_page_says_so() {
    let world = World::healthy().await;
    let page = Visitor::to(&world, Role::Admin)
        .await
        .text("/setup?wait")
        .await;
    assert!(page.contains("data-testid=\"stuck-empty\""));
    assert_eq!(parts(&page, ROW).len(), 0);
    assert!(page.contains("Nothing is stuck"));
}

#[tokio::test]
async fn work_that_waits_is_shown_with_its_reason_and_what_to_do_and_so_is_what_was_given_up() {
    let world = World::healthy().await;
    let hour = 60 * 60 * 1000;
    let now = clock::now();
    let full = "the archive did not take it: No space left on device";
    let silent = "Twilio did not answer";
    recording(&world, 1, now - 3 * hour, "completed", 0, full).await;
    recording(&world, 2, now - 2 * hour, "completed", 7, silent).await;
    recording(&world, 3, now - hour, "failed", 12, "Twilio says 404").await;
    // It has only just come: nothing is wrong with that.
    recording(&world, 4, now, "completed", 1, silent).await;

    let visitor = Visitor::to(&world, Role::Admin).await;
    let page = visitor.text("/setup?wait").await;
    let rows = parts(&page, ROW);
    assert_eq!(rows.len(), 3, "the oldest first");
    for (row, given_up, attempts, says, remedy, error) in [
        (
            rows[0],
            "false",
            None,
            "archive does not take it",
            "its check on this page",
            full,
        ),
        (
            rows[1],
            "false",
            Some("tried 7 times"),
            "does not give us its audio",
            "asked again",
            silent,
        ),
        (
            rows[2],
            "true",
            Some("tried 12 times"),
            "Given up",
            "Fetch Recordings",
            "Twilio says 404",
        ),
    ] {
        let row = row.split("</li>").next().expect("a row");
        assert_eq!(attribute(row, "", "data-work"), Some("audio"), "{row}");
        assert_eq!(attribute(row, "", "data-given-up"), Some(given_up));
        for part in [says, remedy, error, "Waiting since"] {
            assert!(row.contains(part), "{part:?} is missing from {row}");
        }
        match attempts {
            Some(attempts) => assert!(row.contains(attempts), "{row}"),
            None => assert!(!row.contains(" · "), "{row}"),
        }
    }
    let store: &Store = &world.state().store;
    let stuck = almasar::server::vitals::stuck(store, now, 10)
        .await
        .expect("read");
    assert_eq!(stuck.len(), 3);
}
