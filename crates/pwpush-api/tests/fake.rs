//! The client over a fake transport: its requests, and its handling of responses.

mod fake {
    mod comparison;
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
