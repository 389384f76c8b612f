//! How an error is shown.

use std::error::Error as StdError;
use std::fmt;

use super::{Error, ErrorKind};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (&inner.label, inner.operation) {
            (Some(label), _) => write!(f, "{label}: ")?,
            (None, Some(operation)) => write!(f, "{}: ", operation.id())?,
            (None, None) => {}
        }
        if let Some(response) = &inner.response {
            if inner.kind == ErrorKind::Api {
                write!(f, "{}", response.status)?;
                if let Some(code) = &response.api.code {
                    write!(f, " {code}")?;
                }
                if let Some(message) = &response.api.message
                    && response.status.canonical_reason() != Some(message)
                {
                    write!(f, ": {message}")?;
                }
                if !response.api.validation.is_empty() {
                    write!(f, " ({})", response.api.validation.join("; "))?;
                }
            } else {
                write!(f, "{} (status {})", inner.message, response.status)?;
            }
            if let Some(id) = &response.request_id {
                write!(f, " [request {id}]")?;
            }
        } else {
            f.write_str(&inner.message)?;
        }
        if inner.attempts > 1 {
            write!(f, " after {} attempts", inner.attempts)?;
        }
        if let Some(context) = &inner.context {
            write!(f, "; {context}")?;
        }
        Ok(())
    }
}

/// The text of `Display` followed by the causes, on one line, since a `main` that returns an error prints it. With
/// `{:#?}`, the fields one by one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.fmt_parts(f);
        }
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    fn fmt_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &inner.kind)
            .field("display", &format_args!("{self}"))
            .field("outcome", &self.outcome())
            .field("attempts", &inner.attempts);
        if let Some(wait) = inner.retry_after {
            debug.field("retry_after", &wait);
        }
        if let Some(response) = &inner.response {
            debug
                .field("status", &response.status.as_u16())
                .field("body_length", &response.body.len());
        }
        if let Some(source) = &inner.source {
            debug.field("source", &format_args!("{source}"));
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
