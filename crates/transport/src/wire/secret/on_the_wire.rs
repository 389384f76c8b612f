//! Writing secrets into the body of a request.

use std::cell::RefCell;
use std::io;

use bytes::Bytes;
use serde::ser::{Error as _, Serialize, Serializer};
use zeroize::Zeroizing;

use super::Secret;

thread_local! {
    /// The secrets serialised so far, if a request's body is being written on this thread.
    static ON_THE_WIRE: RefCell<Option<Vec<Secret>>> = const { RefCell::new(None) };
}

/// Runs `write` with secrets serialised in plain text, and returns those that were.
pub(crate) fn on_the_wire<T>(write: impl FnOnce() -> T) -> (T, Vec<Secret>) {
    struct Restore(Option<Vec<Secret>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            ON_THE_WIRE.set(self.0.take());
        }
    }

    let _restore = Restore(ON_THE_WIRE.replace(Some(Vec::new())));
    let written = write();
    (written, ON_THE_WIRE.take().unwrap_or_default())
}

/// A buffer for a request's body that may hold secrets: memory that it leaves when it grows is cleared.
pub(crate) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl Default for WipedBuffer {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(128)))
    }
}

impl WipedBuffer {
    /// The written bytes. If they contain secrets, they are cleared with the last handle to them.
    pub(crate) fn into_bytes(mut self, has_secrets: bool) -> Bytes {
        match has_secrets {
            true => Bytes::from_owner(self.0),
            false => std::mem::take(&mut *self.0).into(),
        }
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            // Growing in place would free the old memory without clearing it.
            let mut grown = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            grown.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(grown);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_on_the_wire = ON_THE_WIRE.with_borrow_mut(|secrets| {
            let secrets = secrets.as_mut();
            secrets.map(|secrets| secrets.push(self.clone())).is_some()
        });
        if is_on_the_wire {
            return serializer.serialize_str(self.expose());
        }
        Err(S::Error::custom(
            "a secret is serialised only into a request's body; use `Secret::expose` where it is meant to be elsewhere",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_secret_is_written_on_the_wire_and_nowhere_else() {
        let secret = Secret::from("s3cret");
        let write = || serde_json::to_string(&[Some(&secret)]);
        let error = write().unwrap_err().to_string();
        assert!(error.contains("expose") && !error.contains("s3cret"));
        let (text, secrets) = on_the_wire(write);
        assert_eq!(text.unwrap(), r#"["s3cret"]"#);
        assert_eq!(secrets, std::slice::from_ref(&secret));
        let panicked = std::panic::catch_unwind(|| on_the_wire(|| panic!("on purpose")));
        assert!(panicked.is_err() && write().is_err());
    }

    #[test]
    fn a_buffer_doubles_only_when_it_is_full() {
        let mut buffer = WipedBuffer::default();
        let least = buffer.0.capacity();
        for (length, doubled) in [(least - 1, 1), (1, 1), (1, 2), (least - 1, 2), (1, 4)] {
            buffer.write_all(&vec![b'x'; length]).unwrap();
            assert_eq!(buffer.0.capacity(), doubled * least);
        }
        assert_eq!(&buffer.into_bytes(true)[..], [b'x'].repeat(2 * least + 1));
    }
}
