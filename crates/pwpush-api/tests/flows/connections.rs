//! Calls whose connection breaks.

use pwpush_api::http::Method;
use pwpush_api::{ErrorKind, Expiry, NewPush, Outcome};
use security_api_sandbox::PasswordPusherEdition::OpenSource;
use security_api_sandbox::{Fault, Sandbox};

use super::support::{owner, sandbox, viewer};

fn sent(sandbox: &Sandbox, method: Method) -> usize {
    sandbox
        .journal()
        .count(|entry| entry.method == method && entry.path.contains("/pushes"))
}

#[tokio::test]
async fn a_read_whose_connection_is_reset_is_sent_once_and_says_that_the_view_may_be_gone() {
    let sandbox = sandbox(OpenSource).await;
    let push = NewPush::text("hunter2").passphrase("umbrella").views(1);
    let push = owner(&sandbox).pushes().create(push).await.unwrap();
    for fault in [Fault::reset(), Fault::cut_body(10)] {
        sandbox.journal().clear();
        sandbox.faults().queue(fault);
        let show = viewer(&sandbox).pushes().show(&push.token);
        let error = show.passphrase("umbrella").await.unwrap_err();
        assert_eq!(sent(&sandbox, Method::GET), 1, "{error}");
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Io, Outcome::Unknown, 1)
        );
        assert!(!error.is_retryable());
        let text = format!("{error} {error:?} {error:#?}");
        assert!(text.contains("view may be used up"), "{text}");
        assert!(!text.contains("umbrella") && !text.contains(push.token.expose()));
    }
}

#[tokio::test]
async fn creating_whose_connection_is_reset_is_sent_once_and_says_that_it_may_be_there() {
    let sandbox = sandbox(OpenSource).await;
    for fault in [Fault::reset(), Fault::cut_body(10)] {
        sandbox.journal().clear();
        sandbox
            .faults()
            .queue(fault.on(Method::POST, "/api/v2/pushes"));
        let push = NewPush::text("hunter2").expire_after(Expiry::days(1));
        let error = owner(&sandbox).pushes().create(push).await.unwrap_err();
        assert_eq!(sent(&sandbox, Method::POST), 1, "{error}");
        assert_ne!(error.outcome(), Outcome::NotSent);
        assert!(
            error.to_string().contains("may have been created"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
