//! Saving downloads to disk.
//!
//! A file is written under a temporary name in its target folder, and renamed once it is complete. Nobody else can have
//! opened it before: it is created new, under a name that cannot be guessed.

use std::collections::hash_map::RandomState;
use std::fs::{self, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind::AlreadyExists};
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::task::spawn_blocking;

use super::Download;
use super::name::{harmless, numbered};
use crate::error::Error;

impl Download {
    /// Saves the file in a folder, which must exist, and returns its path. Existing files are not changed.
    ///
    /// The name is the one that the service sends, or `fallback`, in both cases made safe as described for
    /// [`file_name`](Self::file_name). If a file of that name exists, a number is added: `notes (2).txt`. The file can
    /// be read and written by its owner only (Unix), and appears under its name once it is complete.
    ///
    /// ```
    /// use security_api_transport::{Download, Error};
    ///
    /// async fn example(report: Download) -> Result<(), Error> {
    ///     let path = report
    ///         .on_progress(|written, all| println!("{written} of {all:?} bytes"))
    ///         .save_in("reports", "report.csv")
    ///         .await?;
    ///     println!("{}", path.display());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// If the connection breaks or the file cannot be written. In that case nothing is left behind, and no partial file
    /// if the future is dropped.
    pub async fn save_in(
        mut self,
        folder: impl AsRef<Path>,
        fallback: &str,
    ) -> Result<PathBuf, Error> {
        let folder = folder.as_ref();
        let name = self
            .file_name()
            .or_else(|| harmless(fallback))
            .unwrap_or_else(|| "download".to_owned());
        let at = folder.join(&name);
        let part = self.save_part(folder, &at, None).await?;
        let folder = folder.to_owned();
        settle(part, move |part| {
            let numbers = (2..1000).map(|number| numbered(&name, number));
            // Gives up counting at so many files of one name.
            let drawn = std::iter::repeat_with(|| numbered(&name, format_args!("{:016x}", draw())));
            for name in std::iter::once(name.clone()).chain(numbers).chain(drawn) {
                let path = folder.join(name);
                match place(part, &path) {
                    Err(error) if error.kind() == AlreadyExists => {}
                    result => return result.map(|()| path),
                }
            }
            unreachable!("names are drawn without end")
        })
        .await
        .map_err(|error| self.unwritable(&at, error))
    }

    /// Saves the file as a new file, and returns its length in bytes. If `path` exists, that is an error;
    /// [`replace`](Self::replace) overwrites.
    ///
    /// The file can be read and written by its owner only (Unix), and appears at `path` once it is complete.
    ///
    /// # Errors
    /// If `path` exists, the connection breaks, or the file cannot be written. In that case nothing is left behind, and
    /// no partial file if the future is dropped.
    pub async fn save_as(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref().to_owned();
        let refuse = |download: &Self, error: io::Error| match error.kind() {
            AlreadyExists => {
                let path = path.display();
                let message = format!("`{path}` is there already; `replace` writes over it");
                download.unwritten(message, error)
            }
            _ => download.unwritable(&path, error),
        };
        // Checked before the download, not only after it.
        if tokio::fs::symlink_metadata(&path).await.is_ok() {
            return Err(refuse(&self, AlreadyExists.into()));
        }
        let part = self.save_part(folder_of(&path)?, &path, None).await?;
        let to = path.clone();
        settle(part, move |part| place(part, &to))
            .await
            .map_err(|error| refuse(&self, error))?;
        Ok(self.received)
    }

    /// Saves the file at `path`, replacing an existing file, and returns its length in bytes.
    ///
    /// Whoever opens `path` sees either the old file or the complete new one. The new file keeps the permissions of the
    /// old one, but not its set-user-ID bit and the like; if there was none, it can be read and written by its owner
    /// only (both on Unix). A symbolic link is replaced itself, not its target.
    ///
    /// # Errors
    /// If the connection breaks or the file cannot be written. The old file stays, and nothing else is left behind.
    pub async fn replace(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref().to_owned();
        let old = tokio::fs::symlink_metadata(&path).await.ok();
        let permissions = old
            .filter(fs::Metadata::is_file)
            .map(|old| old.permissions());
        let part = self
            .save_part(folder_of(&path)?, &path, permissions)
            .await?;
        let to = path.clone();
        settle(part, move |part| fs::rename(part, to))
            .await
            .map_err(|error| self.unwritable(&path, error))?;
        Ok(self.received)
    }

    /// The complete download in a temporary file in `folder`. `path` is its final path.
    async fn save_part(
        &mut self,
        folder: &Path,
        path: &Path,
        permissions: Option<Permissions>,
    ) -> Result<Part, Error> {
        let folder = match folder.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => folder.to_owned(),
        };
        // The file is removed even if the future was dropped.
        let created = spawn_blocking(move || Part::create(&folder, permissions)).await;
        let created = created.unwrap_or_else(|error| Err(io::Error::other(error)));
        let (part, file) = created.map_err(|error| self.unwritable(path, error))?;
        let mut file = File::from_std(file);
        self.pump(&mut file, || unwritable(path)).await?;
        // Windows cannot move an open file.
        drop(file.into_std().await);
        Ok(part)
    }

    fn unwritable(&self, path: &Path, error: io::Error) -> Error {
        self.unwritten(unwritable(path), error)
    }
}

fn unwritable(path: &Path) -> String {
    format!("`{}` cannot be written", path.display())
}

/// # Errors
/// If the path does not name a file.
fn folder_of(path: &Path) -> Result<&Path, Error> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(_)) => Ok(folder),
        _ => Err(Error::invalid(format!(
            "`{}` names no file",
            path.display()
        ))),
    }
}

/// A file that is not complete yet. It is removed on drop, unless it was moved to its final path.
struct Part(PathBuf);

impl Part {
    fn create(folder: &Path, permissions: Option<Permissions>) -> io::Result<(Self, fs::File)> {
        loop {
            let path = folder.join(format!(".download-{:016x}.part", draw()));
            match new_file(&path) {
                Err(error) if error.kind() == AlreadyExists => {}
                result => {
                    let (part, file) = (Self(path), result?);
                    #[cfg(unix)]
                    if let Some(permissions) = permissions {
                        use std::os::unix::fs::PermissionsExt;
                        // What was received must not run as the owner of what it replaces.
                        let mode = permissions.mode() & 0o777;
                        file.set_permissions(Permissions::from_mode(mode))?;
                    }
                    #[cfg(not(unix))]
                    drop(permissions);
                    return Ok((part, file));
                }
            }
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Creates a file that did not exist before, not even as a link, and that nobody else can read.
fn new_file(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives the file its name. The closure owns the file, so that it is neither removed too early nor left behind.
async fn settle<T: Send + 'static>(
    part: Part,
    name: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(move || name(&part.0))
        .await
        .map_err(io::Error::other)?
}

/// Gives the file this name, unless the name is taken.
fn place(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == AlreadyExists => Err(error),
        // Not every file system has hard links.
        Err(_) => reserve_and_move(part, path),
    }
}

/// The same without links: an empty file reserves the name, and is then replaced.
fn reserve_and_move(part: &Path, path: &Path) -> io::Result<()> {
    drop(new_file(path)?);
    fs::rename(part, path).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// A number that nobody can guess.
fn draw() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_stays_with_or_without_links() {
        for give in [place, reserve_and_move] {
            let folder = tempfile::tempdir().unwrap();
            let (part, path) = (folder.path().join("part"), folder.path().join("x.txt"));
            fs::write(&part, "new").unwrap();
            give(&part, &path).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            let _ = fs::remove_file(&part);
            fs::write(&part, "newer").unwrap();
            let error = give(&part, &path).unwrap_err();
            assert_eq!(error.kind(), AlreadyExists);
            assert_eq!(fs::read(&path).unwrap(), b"new");
            // A file that is gone cannot be moved.
            fs::remove_file(&part).unwrap();
            let other = folder.path().join("y.txt");
            assert!(give(&part, &other).is_err() && !other.exists());
        }
    }

    #[test]
    fn what_was_not_moved_to_its_place_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (part, _) = Part::create(folder.path(), None).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(part);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
