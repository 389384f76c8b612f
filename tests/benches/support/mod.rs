//! A server in another process, and the memory of this one.
#![allow(
    dead_code,
    reason = "each bench is a program of its own and uses a part"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// This program, started again with the argument `serve`. Its standard input ends with this process.
pub(crate) struct Server {
    process: Child,
    /// The line that the server prints when it is ready: its address.
    pub(crate) said: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut process = own_program()
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it prints its address");
        Self {
            process,
            said: line.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn own_program() -> Command {
    Command::new(std::env::current_exe().expect("the program knows where it is"))
}

/// Returns the peak memory of the process in KiB, if the system reports it.
pub(crate) fn peak_memory() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}
