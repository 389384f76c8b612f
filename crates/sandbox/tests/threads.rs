//! Sandboxes and threads.

use security_api_sandbox::{
    Clock, Faults, Journal, Keepnet, PasswordPusher, PushSecurity, Sandbox,
};

#[test]
fn everything_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Sandbox>();
    shared::<PushSecurity>();
    shared::<Keepnet>();
    shared::<PasswordPusher>();
    shared::<Clock>();
    shared::<Faults>();
    shared::<Journal>();
    fn sent<T: Send>(_: &T) {}
    sent(&Sandbox::builder().start());
}
