//! The client over a transport that answers from memory: what it sends, and what it makes of responses.

mod fake {
    mod create;
    mod edition;
    mod files;
    mod lists;
    mod show;
    mod support;
    mod tolerance;
    mod two_way;
    mod undone;
    mod values;
}
