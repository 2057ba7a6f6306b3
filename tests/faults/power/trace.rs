//! What a program asked of the files of a folder, in order, as `strace` saw it.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// The calls that are followed. Of those that could write in other ways it is made sure that nobody uses them.
pub const CALLS: &str = "trace=openat,lseek,write,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,\
    writev,pwritev,pwritev2,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,mmap";

/// One thing that was asked, and when, in microseconds since 1970.
#[derive(Debug, Clone)]
pub struct Step {
    pub at: u128,
    pub op: Op,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A file is there from now on, if it was not.
    Create(String),
    Write {
        file: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate(String, usize),
    /// What was written to it is on the disk when this is over.
    Flush(String),
    /// The names of the folder are.
    FlushFolder,
    Remove(String),
}

/// Reads a trace of the files of `folder`, named without it. What SQLite keeps in `-shm` is made anew after every crash.
pub fn read(trace: &Path, folder: &Path) -> Vec<Step> {
    let mut reader = Reader {
        folder: folder.canonicalize().unwrap(),
        unfinished: HashMap::new(),
        positions: HashMap::new(),
        steps: Vec::new(),
    };
    for line in BufReader::new(File::open(trace).unwrap()).lines() {
        reader.line(&line.unwrap());
    }
    reader.steps
}

/// Does the trace go on to the moment in which that process was killed? What was traced is long: only the last of it is read.
pub fn has_end(trace: &Path, process: u32) -> bool {
    const LAST: u64 = 16 * 1024;
    let Ok(mut file) = File::open(trace) else {
        return false;
    };
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(length.saturating_sub(LAST)))
        .unwrap();
    let mut last = Vec::new();
    file.read_to_end(&mut last).unwrap();
    let mut last = std::str::from_utf8(&last).unwrap_or_default().lines();
    last.any(|line| line.starts_with(&format!("{process} ")) && line.contains("+++ killed"))
}

struct Reader {
    folder: PathBuf,
    /// By thread: what another thread's call has interrupted in the trace.
    unfinished: HashMap<String, String>,
    /// By descriptor: where the next write goes.
    positions: HashMap<i64, usize>,
    steps: Vec<Step>,
}

impl Reader {
    /// `18500 1795990371.489854 write(12</…>, "…", 32) = 32`, or half of it.
    fn line(&mut self, line: &str) {
        // A short number of a thread is padded.
        let Some((thread, rest)) = line.split_once(' ') else {
            return;
        };
        let Some((at, text)) = rest.trim_start().split_once(' ') else {
            return;
        };
        if let Some(begun) = text.strip_suffix("<unfinished ...>") {
            self.unfinished
                .insert(thread.to_owned(), begun.trim_end().to_owned());
            return;
        }
        let whole = match text.strip_prefix("<... ") {
            Some(resumed) => {
                let (_, rest) = resumed.split_once("resumed>").unwrap();
                self.unfinished.remove(thread).unwrap() + rest
            }
            None => text.to_owned(),
        };
        let Some((call, result)) = whole.rsplit_once(" = ") else {
            return;
        };
        let Some((name, arguments)) = call.split_once('(') else {
            return;
        };
        let arguments = arguments.trim_end().trim_end_matches(')');
        let Ok(result_number) = leading(result).parse::<i64>() else {
            return;
        };
        if result_number < 0 {
            return;
        }
        let seconds: f64 = at.parse().unwrap();
        if let Some(op) = self.call(name, arguments, result, result_number) {
            let at = (seconds * 1e6) as u128;
            self.steps.push(Step { at, op });
        }
    }

    fn call(&mut self, name: &str, arguments: &str, result: &str, returned: i64) -> Option<Op> {
        if name == "openat" {
            self.positions.insert(returned, 0);
            let path = opened(result)?;
            let flags = arguments.rsplit("\", ").next().unwrap_or_default();
            let file = self.file(&path)?;
            assert!(!flags.contains("O_TRUNC"), "not followed: {flags}");
            return flags.contains("O_CREAT").then_some(Op::Create(file));
        }
        if name.starts_with("unlink") {
            return self.file(&first_text(arguments)).map(Op::Remove);
        }
        if name.starts_with("rename") || name.starts_with("link") {
            let concerned = arguments.split('"').any(|text| {
                let path = PathBuf::from(String::from_utf8_lossy(&bytes(text)).as_ref());
                path.starts_with(&self.folder)
            });
            assert!(!concerned, "not followed: {name} of a file");
            return None;
        }
        if name == "mmap" {
            let file = self.file(&opened(arguments.split(", ").nth(4)?)?)?;
            let writes = arguments.contains("PROT_WRITE") && arguments.contains("MAP_SHARED");
            assert!(!writes, "not followed: {file} is written through memory");
            return None;
        }
        let descriptor: i64 = leading(arguments).parse().ok()?;
        let path = opened(arguments)?;
        if name.ends_with("sync") && path == self.folder {
            return Some(Op::FlushFolder);
        }
        let file = self.file(&path)?;
        let number = |place: usize| -> usize {
            let number = arguments.rsplit(", ").nth(place).unwrap();
            number.parse().unwrap()
        };
        match name {
            "lseek" => {
                self.positions.insert(descriptor, returned as usize);
                None
            }
            "write" | "pwrite64" => {
                let mut bytes = bytes(arguments.split('"').nth(1).unwrap());
                bytes.truncate(returned as usize);
                assert_eq!(bytes.len(), returned as usize, "the trace is cut");
                let at = if name == "write" {
                    let position = self.positions.get_mut(&descriptor).unwrap();
                    let at = *position;
                    *position += bytes.len();
                    at
                } else {
                    number(0)
                };
                Some(Op::Write { file, at, bytes })
            }
            "ftruncate" => Some(Op::Truncate(file, number(0))),
            "fsync" | "fdatasync" => Some(Op::Flush(file)),
            other => panic!("not followed: {other} of {file}"),
        }
    }

    /// Its name in the folder; `None` where it is none of the files that are followed.
    fn file(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.folder).ok()?.to_str()?;
        (!name.is_empty() && !name.ends_with("-shm")).then(|| name.to_owned())
    }
}

/// The digits (and the sign) at its beginning.
fn leading(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-');
    &text[..end.unwrap_or(text.len())]
}

/// `12<\x2f…>`: the path of that descriptor.
fn opened(text: &str) -> Option<PathBuf> {
    let (_, rest) = text.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some(String::from_utf8(bytes(path)).ok()?.into())
}

fn first_text(arguments: &str) -> PathBuf {
    let text = arguments.split('"').nth(1).unwrap_or_default();
    String::from_utf8_lossy(&bytes(text)).as_ref().into()
}

/// From `\x2f\x74…`.
fn bytes(text: &str) -> Vec<u8> {
    let hex = text.split("\\x").skip(1);
    hex.map(|hex| u8::from_str_radix(&hex[..2], 16).unwrap())
        .collect()
}

#[test]
fn calls_that_were_interrupted_and_padded_numbers_of_threads_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let hex = |text: &str| -> String { text.bytes().map(|b| format!("\\x{b:02x}")).collect() };
    let file = hex(&folder.join("a.db").display().to_string());
    let trace = folder.join("trace");
    let lines = [
        format!(
            "912   10.000001 openat(AT_FDCWD<\\x2f>, \"{file}\", O_RDWR|O_CREAT, 0600) = 3<{file}>"
        ),
        format!(
            "912   10.000002 pwrite64(3<{file}>, \"{}\", 2, 4096 <unfinished ...>",
            hex("ok")
        ),
        format!(
            "12345 10.000003 fsync(4<{}>)       = -1 EIO (Input/output error)",
            hex("/tmp")
        ),
        "912   10.000004 <... pwrite64 resumed>) = 2".to_owned(),
        format!("912   10.000005 fdatasync(3<{file}>)       = 0"),
        "912   10.000006 +++ killed by SIGKILL +++".to_owned(),
    ];
    std::fs::write(&trace, lines.join("\n")).unwrap();
    let ops: Vec<Op> = read(&trace, &folder)
        .into_iter()
        .map(|step| step.op)
        .collect();
    let name = || "a.db".to_owned();
    let written = Op::Write {
        file: name(),
        at: 4096,
        bytes: b"ok".to_vec(),
    };
    assert_eq!(ops, [Op::Create(name()), written, Op::Flush(name())]);
    assert!(has_end(&trace, 912) && !has_end(&trace, 12345));
}
