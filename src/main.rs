//! The `almasar` command: parse, then call one function of the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    almasar::server::cli::run()
}
