//! Writes every list to a file of JSON lines. Ctrl-C or a failure stops it, and the next run goes on where it stopped.
//!
//! ```console
//! $ cargo run -p push-security-api --example export_all -- a-folder
//! ```
//!
//! Beside `browsers.jsonl` stands `browsers.place.json` with the [`Cursor`] and the length of the file. Delete both to
//! begin anew. Going on is exact as long as the list does not change. Where records are added or deleted meanwhile,
//! some may be left out, and some may come twice, with the same id.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::{env, future::Future};

use push_security_api::{Cursor, RawItems};
use serde::{Deserialize, Serialize};

/// The service's largest page. A place in the middle of a page would be right as well, but the next run asks for the
/// page again.
const PAGE: usize = 500;

type Stop<'a> = Pin<&'a mut dyn Future<Output = io::Result<()>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let folder = match (env::args_os().nth(1), &service.sandbox) {
        (Some(folder), _) => PathBuf::from(folder),
        // A new folder, which nobody can have prepared.
        (None, Some(_)) => tempfile::tempdir()?.keep(),
        (None, None) => {
            return Err("name the folder to write to: it will hold personal data".into());
        }
    };
    fs::create_dir_all(&folder)?;

    let push = &service.push;
    // Raw items are the service's own bytes: nothing is lost that this version has no field for.
    let lists = [
        ("accounts", push.accounts().list().raw_items()),
        #[cfg(feature = "unconfirmed")]
        ("accounts_other", push.accounts_other().list().raw_items()),
        ("apps", push.apps().list().raw_items()),
        #[cfg(feature = "unconfirmed")]
        ("apps_other", push.apps_other().list().raw_items()),
        (
            "browser_extensions",
            push.browser_extensions().list().raw_items(),
        ),
        ("browsers", push.browsers().list().raw_items()),
        ("detections", push.detections().list().raw_items()),
        ("employees", push.employees().list().raw_items()),
        ("findings", push.findings().list().raw_items()),
    ];
    let mut stop = pin!(tokio::signal::ctrl_c());
    for (name, items) in lists {
        let mut export = Export::open(&folder, name)?;
        if export.run(items, stop.as_mut()).await? == Outcome::Stopped {
            eprintln!("\nstopped; the next run goes on from here");
            return Ok(());
        }
        eprintln!("\r{name}: {} records, complete", export.place.records);
    }
    println!("{}", folder.display());
    Ok(())
}

/// How far a file has come.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    cursor: Cursor,
    records: usize,
    /// What is in the file beyond this was written after the place was saved, and will be written again.
    bytes: u64,
}

#[derive(PartialEq)]
enum Outcome {
    Complete,
    Stopped,
}

struct Export {
    name: &'static str,
    file: BufWriter<File>,
    place: Place,
    place_file: PathBuf,
}

impl Export {
    fn open(folder: &Path, name: &'static str) -> Result<Self, Box<dyn Error>> {
        let place_file = folder.join(format!("{name}.place.json"));
        let place: Place = match fs::read(&place_file) {
            Ok(json) => serde_json::from_slice(&json)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::default(),
            Err(error) => return Err(error.into()),
        };
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(folder.join(format!("{name}.jsonl")))?;
        file.set_len(place.bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            name,
            file: BufWriter::new(file),
            place,
            place_file,
        })
    }

    async fn run(
        &mut self,
        items: RawItems,
        mut stop: Stop<'_>,
    ) -> Result<Outcome, Box<dyn Error>> {
        let mut items = items.resume(self.place.cursor.clone());
        loop {
            let item = tokio::select! {
                item = items.try_next() => item,
                stopped = &mut stop => {
                    stopped?;
                    self.save(&items)?;
                    return Ok(Outcome::Stopped);
                }
            };
            match item {
                Ok(Some(item)) => {
                    // JSON has line breaks only between its values, so this puts it on one line and changes nothing.
                    let line = item.as_str().replace(['\r', '\n'], " ");
                    writeln!(self.file, "{line}")?;
                    self.place.records += 1;
                    if self.place.records.is_multiple_of(PAGE) {
                        self.save(&items)?;
                        eprint!("\r{}: {}", self.name, self.place.records);
                    }
                }
                Ok(None) => {
                    self.save(&items)?;
                    return Ok(Outcome::Complete);
                }
                Err(error) => {
                    // The cursor stands before the item that failed. What came before it is kept.
                    self.save(&items)?;
                    return Err(error.into());
                }
            }
        }
    }

    /// The file first, then the place, so that the place never speaks of what is not there.
    fn save(&mut self, items: &RawItems) -> Result<(), Box<dyn Error>> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        self.place.cursor = items.cursor();
        self.place.bytes = self.file.stream_position()?;
        let new = self.place_file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&self.place)?)?;
        fs::rename(&new, &self.place_file)?;
        Ok(())
    }
}
