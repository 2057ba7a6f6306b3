//! As with a folder: archived, played, kept over a restart, deleted when its time is over.

use crate::{
    store::{RECORDINGS, Store, access, app_with},
    support::{
        stand_in::{Answer, wav},
        *,
    },
    wire::Wire,
};
use almasar::{
    domain::user::Role,
    server::{clock, recordings::retention},
};
use reqwest::Method;

/// A WAV file longer than one part of an upload.
fn long_wav() -> axum::body::Bytes {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in 0..2_700_000_i32 {
        writer.write_sample((sample % 20_011) as i16).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner().into()
}

#[tokio::test]
async fn a_recording_is_archived_in_the_bucket_and_played_from_it_after_a_restart_too() {
    let store = Store::start().await;
    let endpoint = store.url();
    let mut app = app_with(&endpoint).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let agent = app.sign_in("agent", Role::Agent).await;
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    let objects = store.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert!(
        objects[0].starts_with("recordings/") && objects[0].ends_with(&format!("{recording}.wav")),
        "{objects:?}"
    );
    assert_eq!(std::fs::read(store.path(&objects[0])).unwrap(), wav());

    for name in ["first", "second"] {
        // From here on it can only come out of the bucket.
        app.rest
            .answers("GET", &media(&recording), [Answer::status(404)]);
        let manager = app.sign_in(name, Role::Manager).await;
        let whole = manager.get(&play(&call)).await;
        assert_eq!(whole.status(), 200);
        let etag = whole.headers()["etag"].clone();
        assert_eq!(whole.bytes().await.unwrap(), wav());
        for (range, status, content_range, length) in [
            ("bytes=0-0", 206, "bytes 0-0/32044", 1),
            ("bytes=-1", 206, "bytes 32043-32043/32044", 1),
            ("bytes=32000-99999", 206, "bytes 32000-32043/32044", 44),
            ("bytes=32044-", 416, "bytes */32044", 0),
        ] {
            let part = manager
                .request(Method::GET, &play(&call))
                .header("Range", range)
                .send()
                .await
                .unwrap();
            assert_eq!(part.status(), status, "{range}");
            assert_eq!(part.headers()["content-range"], content_range);
            assert_eq!(part.bytes().await.unwrap().len(), length, "{range}");
        }
        let known = manager
            .request(Method::GET, &play(&call))
            .header("If-None-Match", &etag)
            .send()
            .await
            .unwrap();
        assert_eq!(known.status(), 304);
        app = app.restart(&RECORDINGS, &access(&endpoint)).await;
    }
    assert_eq!(store.objects(), objects);
}

#[tokio::test]
async fn a_long_recording_goes_up_in_parts_and_comes_back_whole() {
    let store = Store::start().await;
    let app = app_with(&store.url()).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let audio = long_wav();
    app.rest.answers(
        "GET",
        &media(&recording_of(&call)),
        [Answer::wav(audio.clone())],
    );
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    let whole = agent.get(&play(&call)).await.bytes().await.unwrap();
    assert!(whole == audio, "{} bytes", whole.len());
    let part = agent
        .request(Method::GET, &play(&call))
        .header("Range", "bytes=5300000-5300099")
        .send()
        .await
        .unwrap();
    assert_eq!(part.bytes().await.unwrap(), audio[5_300_000..5_300_100]);
}

#[tokio::test]
async fn when_its_time_is_over_a_recording_leaves_the_bucket_and_twilio() {
    let store = Store::start().await;
    let endpoint = store.url();
    let flags = [&RECORDINGS[..], &["--recording-retention-days", "30"]].concat();
    let app = spawn_app_with_env(&flags, &access(&endpoint)).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.rest.answers(
        "DELETE",
        &format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.json"),
        [Answer::status(204)],
    );
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    let later = clock::now() + 31 * 24 * 60 * 60 * 1000;
    let state = &app.running.state;
    assert_eq!(retention::sweep(state, later).await.unwrap(), 1);
    assert_eq!(store.objects(), Vec::<String>::new());
    let deleted = |asked: &stand_in::Asked| asked.method == "DELETE";
    assert!(app.rest.asked(&recording).iter().any(deleted));
    assert_eq!(agent.get(&play(&call)).await.status(), 404);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_deletion() {
    let store = Store::start().await;
    let endpoint = store.url();
    let flags = ["--recording-retention-days", "30"];
    let app = spawn_app_with_env(
        &[&flags[..], &["--recordings-url", "s3://another/x"]].concat(),
        &access(&endpoint),
    )
    .await;
    let archive =
        almasar::server::recordings::archive::Archive::open(&app.running.state.config.recordings)
            .unwrap();
    let fault = archive
        .delete("2026/11/x.wav")
        .await
        .expect_err("no bucket");
    assert!(fault.to_string().contains("NoSuchBucket"), "{fault}");
}

#[tokio::test]
async fn encryption_is_asked_of_the_store_as_it_was_set() {
    let store = Store::start().await;
    let wire = Wire::to(store.port).await;
    let kms = [
        ("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms"),
        ("AWS_SSE_KMS_KEY_ID", "alias/calls"),
        ("AWS_SESSION_TOKEN", "lent-for-a-while"),
    ];
    let env = [access(&wire.url), kms.to_vec()].concat();
    let app = spawn_app_with_env(&RECORDINGS, &env).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    app.rest
        .answers("GET", &media(&recording_of(&call)), [Answer::wav(wav())]);
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    let seen = wire.seen();
    let upload = seen
        .split("PUT /calls/recordings/")
        .nth(1)
        .and_then(|upload| upload.split("\r\n\r\n").next())
        .expect("an upload");
    for line in [
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id: alias/calls",
        "x-amz-security-token: lent-for-a-while",
    ] {
        assert!(upload.contains(line), "{line} is missing from {upload}");
    }
    let signed = upload
        .split_once("SignedHeaders=")
        .and_then(|(_, rest)| rest.split_once(','))
        .expect("a signature")
        .0;
    assert!(signed.contains("x-amz-server-side-encryption;"), "{signed}");
}
