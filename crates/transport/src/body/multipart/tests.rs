use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::{Form, Upload};
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::outcome::Outcome;

async fn sent(body: Body) -> Bytes {
    assert!(body.check().is_ok());
    body.collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn a_form_is_the_same_bytes_every_time_and_as_long_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.bin");
    let content: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
    tokio::fs::write(&path, &content).await.unwrap();
    let form = Form::new()
        .text("kind", "file")
        .upload("files[]", Upload::bytes("a.txt", vec![b'a'; 100_000]))
        .upload("files[]", Upload::file(&path).await.unwrap());
    let length = form.length();
    let body = form.into_body();
    let first = sent(body.clone()).await;
    let again = sent(body.clone()).await;
    assert_eq!(first.len() as u64, length);
    assert!(first == again);
    assert!(first.windows(content.len()).any(|window| window == content));
    tokio::fs::write(&path, b"shorter").await.unwrap();
    let error = body.check().unwrap_err();
    assert!(error.to_string().contains("has changed"), "{error}");
    tokio::fs::remove_file(&path).await.unwrap();
    assert!(
        body.check()
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[tokio::test]
async fn a_form_ends_with_its_last_byte_and_not_before() {
    let form = Form::new().text("a", "b").text("c", "d");
    let mut body = form.into_body();
    let mut left = body.length().unwrap();
    while left > 0 {
        assert!(!body.is_end_stream());
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        left -= piece.len() as u64;
        assert_eq!(body.size_hint().exact(), Some(left));
    }
    assert!(body.is_end_stream());
}

#[test]
fn debug_shows_names_and_lengths_and_no_content() {
    let form = Form::new()
        .text("kind", "MARK")
        .upload("f", Upload::bytes("a.txt", "MARK!"));
    let upload = Upload::bytes("a.txt", "MARK!");
    for (shown, names) in [
        (format!("{form:?}"), ["\"kind\"", "length: 4"]),
        (format!("{upload:?}"), ["\"a.txt\"", "length: 5"]),
    ] {
        assert!(names.iter().all(|name| shown.contains(name)), "{shown}");
        assert!(!shown.contains("MARK"), "{shown}");
    }
}

#[tokio::test]
async fn progress_counts_up_to_the_length() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let form = Form::new()
        .upload("f", Upload::bytes("f", vec![0; 200_000]))
        .on_progress(move |sent, all| noted.lock().unwrap().push((sent, all)));
    let length = form.length();
    sent(form.into_body()).await;
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 3 && seen.is_sorted());
    assert_eq!(seen.last(), Some(&(length, length)));
}

#[tokio::test]
async fn a_form_is_sent_in_chunks_of_at_most_64_kib_none_of_which_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.bin");
    tokio::fs::write(&path, vec![0; 200_000]).await.unwrap();
    let form = Form::new()
        .text("none", "")
        .upload("a", Upload::bytes("a", vec![0; 128 * 1024]))
        .upload("b", Upload::bytes("b", vec![0; 200_000]))
        .upload("c", Upload::file(&path).await.unwrap());
    let mut body = form.into_body();
    while let Some(chunk) = body.frame().await {
        let length = chunk.unwrap().into_data().unwrap().len();
        assert!((1..=64 * 1024).contains(&length), "{length}");
    }
}

#[tokio::test]
async fn a_file_is_not_sent_if_its_length_or_its_time_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.bin");
    let [then, later] = [1, 2].map(|s| std::time::UNIX_EPOCH + Duration::from_secs(s));
    let write = |content: &str, time| {
        std::fs::write(&path, content).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
    };
    write("abc", then);
    let form = Form::new().upload("f", Upload::file(&path).await.unwrap());
    let body = form.into_body();
    for (content, time, is_same) in [
        ("abc", then, true),
        ("abcd", then, false),
        ("xyz", later, false),
    ] {
        write(content, time);
        assert_eq!(body.check().is_ok(), is_same, "{content} {time:?}");
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_not_sent_to_its_end() {
    const LENGTH: u64 = 150_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.bin");
    let [then, later] = [1, 2].map(|s| std::time::UNIX_EPOCH + Duration::from_secs(s));
    let open = || std::fs::File::options().write(true).open(&path).unwrap();
    // The chunks before the change are the head of the part, and those of the file.
    for (length, chunks, new_length, time, is_same) in [
        (LENGTH, 3, LENGTH, then, true),
        (LENGTH, 3, LENGTH, later, false),
        (LENGTH, 1, LENGTH, later, false),
        (LENGTH, 3, LENGTH + 1, then, false),
        (LENGTH, 3, LENGTH - 1, then, false),
        (LENGTH, 2, 1, then, false),
        (0, 1, 0, then, true),
        (0, 1, 1, then, false),
        (0, 1, 0, later, false),
    ] {
        std::fs::write(&path, vec![0; length as usize]).unwrap();
        open().set_modified(then).unwrap();
        let form = Form::new().upload("f", Upload::file(&path).await.unwrap());
        let mut body = form.into_body();
        for _ in 0..chunks {
            body.frame().await.unwrap().unwrap();
        }
        open().set_len(new_length).unwrap();
        open().set_modified(time).unwrap();
        let rest = (&mut body).collect().await;
        let what = format!("{length}, {chunks}, {new_length}, {time:?}");
        assert_eq!(rest.is_ok(), is_same, "{what}");
        assert_eq!(body.is_end_stream(), is_same, "{what}");
        if let Err(error) = rest {
            let error = Error::from_boxed(error);
            assert_eq!(
                (error.kind(), error.outcome(), error.is_retryable()),
                (ErrorKind::Invalid, Outcome::Unknown, false),
                "{what}"
            );
            let says = "it has changed since it was added, so it was not sent completely";
            assert!(error.to_string().contains(says), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_a_folder_is_refused_when_it_is_added() {
    let missing = Upload::file("/no/such/file").await.unwrap_err();
    assert!(missing.is_invalid() && missing.to_string().contains("/no/such/file"));
    let folder = Upload::file(std::env::temp_dir()).await.unwrap_err();
    assert!(folder.to_string().contains("not a file"));
}

#[tokio::test]
async fn names_are_written_as_browsers_write_them() {
    for (name, written) in [
        ("plan.txt", "plan.txt"),
        ("a \"b\".txt", "a %22b%22.txt"),
        ("a\r\nb", "a%0D%0Ab"),
        ("Übersicht 計画.pdf", "Übersicht 計画.pdf"),
        ("a;b=c,d/e&f'g", "a;b=c,d/e&f'g"),
        ("100%", "100%"),
        ("c:\\d\0", "c:%5Cd%00"),
    ] {
        let form = Form::new().text(name, "v").upload(
            "f",
            Upload::bytes("other", "x")
                .file_name(name)
                .content_type("text/plain\r\n"),
        );
        let boundary = form.boundary.clone();
        assert_eq!(
            String::from_utf8(sent(form.into_body()).await.to_vec()).unwrap(),
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{written}\"\r\n\r\nv\r\n\
                 --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{written}\"\r\n\
                 Content-Type: text/plain\r\n\r\nx\r\n--{boundary}--\r\n"
            )
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn names_and_contents_are_read_back_as_they_were(
        name in "[^%]{1,20}",
        file_name in "[^%]{1,20}",
        content in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let form = Form::new().upload(&name, Upload::bytes(&file_name, content.clone()));
            let boundary = form.boundary.clone();
            let body = sent(form.into_body()).await;
            let stream = futures_util::stream::iter([Ok::<_, io::Error>(body)]);
            let mut form = multer::Multipart::new(stream, boundary);
            let field = form.next_field().await.unwrap().unwrap();
            let unescape = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(unescape(field.name().unwrap()), name);
            prop_assert_eq!(unescape(field.file_name().unwrap()), file_name);
            prop_assert_eq!(field.bytes().await.unwrap().to_vec(), content);
            prop_assert!(form.next_field().await.unwrap().is_none());
            Ok(())
        })?;
    }
}
