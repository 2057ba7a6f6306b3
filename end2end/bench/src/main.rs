//! `almasar-bench SERVER`: the webhook routes of the program at that path beside a bare axum program, in one run, as ratios.
//!
//! Both do the same for a request: check Twilio's signature over a form that nobody has sent before, and answer when the rows are on the
//! disk. What `almasar` does besides (folding the call's log, numbering the change, telling who watches) is what the ratio is about.

mod bare;
mod flush;
mod load;
mod program;
mod requests;

use anyhow::{Context, Result, bail};
use load::Offered;
use program::Program;
use requests::{Requests, Route};
use std::{env, path::PathBuf, process::ExitCode, time::Duration};

/// Of the bare program's throughput, at 64 connections.
const LEAST_RATIO: f64 = 0.6;
/// At 500 open connections and 2,000 requests a second.
const LONGEST_P99: Duration = Duration::from_millis(25);
const ROUNDS: usize = 3;
/// Requests of one round.
const REQUESTS: usize = 6_000;
const OPEN_LOOP: Offered = Offered {
    connections: 500,
    per_second: 2_000,
    lasting: Duration::from_secs(10),
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let work = async {
        match arguments[..] {
            ["bare", database, port, batch] => {
                bare::serve(database, port.parse()?, batch.parse()?).await?;
                Ok(true)
            }
            [server] if !server.starts_with('-') => measure(PathBuf::from(server)).await,
            _ => bail!("usage: almasar-bench PATH-OF-ALMASAR"),
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime
        .context("starting")
        .and_then(|runtime| runtime.block_on(work))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("almasar-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn measure(server: PathBuf) -> Result<bool> {
    let folder = tempfile::Builder::new()
        .prefix("almasar-bench")
        .tempdir_in(env::current_dir()?)?;
    println!("flush (4 kB, fdatasync): {}", flush::probe(folder.path())?);
    if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
        println!("load of this machine before: {}", load.trim());
    }
    let almasar = Program::almasar(&server, folder.path()).await?;
    let bare = Program::bare(folder.path(), "bare", 256).await?;
    let single = Program::bare(folder.path(), "single", 1).await?;
    let mut requests = Requests::new(almasar.identity());
    let mut good = true;
    let mut asked = 0;

    for route in [Route::Status, Route::Outbound] {
        for connections in [64, 500] {
            let mut rates = Vec::new();
            for _ in 0..ROUNDS {
                let mut round = Vec::new();
                for program in [&almasar, &bare] {
                    let batch = requests.make(route, REQUESTS);
                    round.push(load::closed_loop(program.address(), &batch, connections).await?);
                }
                asked += REQUESTS;
                rates.push((round[0], round[1]));
            }
            let batch = requests.make(route, REQUESTS / 4);
            let one_each = load::closed_loop(single.address(), &batch, connections).await?;
            rates.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
            let (ours, theirs) = rates[ROUNDS / 2];
            let ratio = ours / theirs;
            println!(
                "{route}, {connections} connections: almasar {ours:.0}/s, bare {theirs:.0}/s (with a transaction each {one_each:.0}/s): {:.0} %",
                100.0 * ratio
            );
            if connections == 64 {
                good &= verdict(ratio >= LEAST_RATIO, "at least 60 % of the bare program");
            }
        }
    }
    for route in [Route::Status, Route::Outbound] {
        for (name, program) in [("almasar", &almasar), ("bare", &bare)] {
            let batch = requests.make(route, OPEN_LOOP.requests());
            let latency = load::open_loop(program.address(), batch, &OPEN_LOOP).await?;
            println!("{route}, {OPEN_LOOP}, {name}: {latency}");
            if name == "almasar" {
                asked += OPEN_LOOP.requests();
                good &= verdict(latency.p99 <= LONGEST_P99, "p99 of 25 ms at most");
            }
        }
    }
    almasar.assert_kept(asked as i64).await?;
    Ok(good)
}

fn verdict(reached: bool, goal: &str) -> bool {
    println!(
        "    goal {}: {goal}",
        if reached { "met" } else { "NOT MET" }
    );
    reached
}
