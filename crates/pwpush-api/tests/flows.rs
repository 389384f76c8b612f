//! Whole flows against the sandbox, over real sockets.

mod flows {
    mod any;
    mod connections;
    mod editions;
    mod files;
    mod requests;
    mod secrets;
    mod settings;
    mod support;
}
