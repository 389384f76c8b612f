//! Sends files, with a bar that shows how far it is. Without names it sends three that it makes itself.
//!
//! ```console
//! $ cargo run -p pwpush-api --example send_files -- vpn.ovpn handbook.pdf
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use pwpush_api::{Expiry, NewPush, Upload};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let mut files = Vec::new();
    for path in env::args_os().skip(1) {
        // Its length is read now, its content while it is sent: it may be larger than the memory.
        files.push(Upload::file(path).await?);
    }
    if files.is_empty() {
        files.extend([
            Upload::bytes("readme.txt", "Import vpn.ovpn, then restart.")
                .content_type("text/plain"),
            Upload::bytes("vpn.ovpn", "client\nremote vpn.example.com\n"),
            Upload::bytes("handbook.pdf", vec![0x25; 8 << 20]).content_type("application/pdf"),
        ]);
    }

    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{wide_bar} {bytes} of {total_bytes}",
    )?);
    let shown = bar.clone();
    let push = NewPush::files(files)
        .message("Your VPN files.")
        .expire_after(Expiry::days(7))
        .views(3)
        .deletable_by_viewer(true);
    let push = service
        .pwpush
        .pushes()
        .create(push)
        .on_progress(move |sent, all| {
            shown.set_length(all);
            shown.set_position(sent);
        })
        .await?;
    bar.finish();

    println!("{}", push.link().expose());
    Ok(())
}
