//! The differences between what was asked and what an instance keeps.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use security_api_transport::Upload;
use serde_json::Value;

use crate::create::kept::{Kept, integer};
use crate::create::lifetime::{Lifetime, Names};
use crate::types::Edition;

/// An option of a push or request that the instance keeps differently than asked.
///
/// `Display` shows one line, such as `` `views`: 8 instead of 50 ``. It contains no secret and no address.
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, push: pwpush_api::NewPush) -> Result<(), pwpush_api::Error> {
/// let push = pwpush.pushes().create(push.views(50)).or_less().await?;
/// for difference in push.less() {
///     println!("{difference}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    option: &'static str,
    asked: Cow<'static, str>,
    kept: Option<Cow<'static, str>>,
    is_less: bool,
}

impl Difference {
    /// The name of the method that set the option, such as `views`.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// What was asked for, such as `50`.
    #[must_use]
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// What the instance keeps, such as `8`. `None` if its response does not tell.
    #[must_use]
    pub fn kept(&self) -> Option<&str> {
        self.kept.as_deref()
    }

    /// Whether the instance keeps less than asked: a shorter life, fewer views, no retrieval step, no right of viewers
    /// to expire the push. `or_less` accepts such differences.
    #[must_use]
    pub fn is_less(&self) -> bool {
        self.is_less
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, asked, .. } = self;
        match &self.kept {
            Some(kept) => write!(f, "`{option}`: {kept} instead of {asked}"),
            None => write!(
                f,
                "`{option}`: the response does not say whether it is {asked}"
            ),
        }
    }
}

/// Compares a response with what was asked, option by option. Options that were not set are not compared.
pub(crate) struct Comparison<'a> {
    response: &'a Value,
    edition: Option<&'a Edition>,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    /// `edition` is the instance's edition, if known.
    pub(crate) fn new(response: &'a Value, edition: Option<&'a Edition>) -> Self {
        Self {
            response,
            edition,
            found: Vec::new(),
        }
    }

    pub(crate) fn differences(self) -> Vec<Difference> {
        self.found
    }

    fn add(&mut self, option: &'static str, asked: impl Into<Cow<'static, str>>, kept: Kept) {
        let (kept, is_less) = match kept {
            Kept::AsAsked => return,
            Kept::Stricter(kept) => (Some(kept.into()), true),
            Kept::Weaker(kept) => (Some(kept.into()), false),
            Kept::NotSaid => (None, false),
        };
        self.found.push(Difference {
            option,
            asked: asked.into(),
            kept,
            is_less,
        });
    }

    /// Whether the commercial edition responded, which may send null for what it keeps.
    fn is_commercial(&self) -> bool {
        self.edition == Some(&Edition::Commercial)
    }

    pub(crate) fn lifetime(
        mut self,
        option: &'static str,
        asked: Option<Lifetime>,
        names: &Names,
    ) -> Self {
        if let Some(lifetime) = asked {
            let kept = lifetime.kept(self.response, names);
            self.add(option, lifetime.expiry.to_string(), kept);
        }
        self
    }

    pub(crate) fn views(mut self, asked: Option<u32>) -> Self {
        if let Some(asked) = asked {
            let kept = self.response.get("expire_after_views").and_then(integer);
            let kept = match kept {
                Some(views) if views == i64::from(asked) => Kept::AsAsked,
                // Zero or less may mean any number.
                Some(..1) => Kept::Weaker("any number".to_owned()),
                Some(views) if views < i64::from(asked) => Kept::Stricter(views.to_string()),
                Some(views) => Kept::Weaker(views.to_string()),
                None => Kept::NotSaid,
            };
            self.add("views", asked.to_string(), kept);
        }
        self
    }

    /// A flag that the service always sends. `null_is_false` if the service sends null for a flag that this kind of
    /// push does not have.
    pub(crate) fn flag(
        mut self,
        option: &'static str,
        asked: Option<bool>,
        null_is_false: bool,
    ) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get(option) {
                Some(Value::Bool(kept)) => Some(*kept),
                Some(Value::String(text)) => text.parse().ok(),
                Some(Value::Null) if null_is_false => Some(false),
                _ => None,
            };
            let kept = match kept {
                Some(kept) if kept == asked => Kept::AsAsked,
                Some(false) => Kept::Stricter("false".to_owned()),
                Some(true) => Kept::Weaker("true".to_owned()),
                None => Kept::NotSaid,
            };
            self.add(option, asked.to_string(), kept);
        }
        self
    }

    /// A text that only the owner sees. Both editions echo it.
    pub(crate) fn text(mut self, option: &'static str, asked: Option<&str>) -> Self {
        if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
            let kept = match self.response.get(option) {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::Null) => Kept::Weaker("none".to_owned()),
                Some(_) => Kept::Weaker("another text".to_owned()),
                None => Kept::NotSaid,
            };
            self.add(option, "the given one", kept);
        }
        self
    }

    /// The open-source server echoes the passphrase in plain text; the commercial edition sends null, as far as is
    /// known.
    pub(crate) fn passphrase(mut self, asked: Option<&str>) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get("passphrase") {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::String(kept)) if kept.trim().is_empty() => {
                    Kept::Weaker("none".to_owned())
                }
                Some(Value::String(_)) => Kept::Weaker("another one".to_owned()),
                None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
                _ => Kept::NotSaid,
            };
            self.add("passphrase", "the given one", kept);
        }
        self
    }

    /// The recipients of the mail. Servers before 2.9.2 ignore them and do not echo them; whether the commercial
    /// edition echoes them is not known.
    pub(crate) fn mail(mut self, addresses: &[String], locale: Option<&str>) -> Self {
        if addresses.is_empty() {
            return self;
        }
        let set = |addresses: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
            addresses
                .map(|address| address.trim().to_ascii_lowercase())
                .collect()
        };
        let kept = match self.response.get("notify_emails_to") {
            Some(Value::String(kept)) => {
                let asked = set(&mut addresses.iter().map(String::as_str));
                match set(&mut kept.split(',')) == asked {
                    true => Kept::AsAsked,
                    false => Kept::Weaker("other addresses".to_owned()),
                }
            }
            None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
            _ => Kept::Weaker("no mail".to_owned()),
        };
        self.add("notify", "mail to the given addresses", kept);
        if let Some(asked) = locale {
            let kept = match self.response.get("notify_emails_to_locale") {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::String(kept)) if is_language(kept) => Kept::Weaker(kept.clone()),
                Some(Value::String(_)) => Kept::Weaker("another language".to_owned()),
                None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
                _ => Kept::Weaker("none".to_owned()),
            };
            let asked = security_api_transport::one_line(asked, 20);
            self.add("notify_locale", asked, kept);
        }
        self
    }

    /// The files, which the service is not known to list in its response. Where it does, all have to be there.
    pub(crate) fn files(mut self, asked: &[Upload]) -> Self {
        let listed = match self.response.get("files") {
            None | Some(Value::Null) => return self,
            Some(Value::Array(listed)) => Some(listed),
            Some(_) => None,
        };
        if asked.is_empty() {
            return self;
        }
        let kept = match listed {
            None => Kept::NotSaid,
            Some(listed) if listed.len() != asked.len() => Kept::Weaker(match listed.len() {
                0 => "none".to_owned(),
                1 => "1 file".to_owned(),
                many => format!("{many} files"),
            }),
            Some(listed) => {
                let mut asked: Vec<_> = asked.iter().map(|file| letters(file.name())).collect();
                let names = listed
                    .iter()
                    .filter_map(|file| file.get("filename")?.as_str());
                // A file without a name in the response may be any.
                let all_are_asked = names.map(letters).all(|name| {
                    let place = asked.iter().position(|asked| *asked == name);
                    place.map(|place| asked.swap_remove(place)).is_some()
                });
                match all_are_asked {
                    true => Kept::AsAsked,
                    false => Kept::Weaker("other files".to_owned()),
                }
            }
        };
        let asked = match asked.len() {
            1 => "the given file".to_owned(),
            many => format!("the {many} given files"),
        };
        self.add("file", asked, kept);
        self
    }

    /// The account, which the commercial edition echoes. The client asks no other for one.
    pub(crate) fn account(mut self, asked: Option<&str>) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get("account_id") {
                None => Kept::NotSaid,
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::Number(kept)) if kept.to_string() == asked => Kept::AsAsked,
                Some(Value::Null) => Kept::Weaker("none".to_owned()),
                Some(_) => Kept::Weaker("another account".to_owned()),
            };
            self.add("account_id", "the given account", kept);
        }
        self
    }
}

/// What the service keeps of a file's name: the last part of a path, in which it replaces some signs.
fn letters(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether the text is a language code, such as `fr` or `pt-BR`. Anything else is not shown, because a response may
/// contain secrets anywhere.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once(['-', '_']).unwrap_or((text, "XX"));
    let is_word = |part: &str| {
        matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    is_word(language) && is_word(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(differences: Vec<Difference>) -> Vec<(String, bool)> {
        let found = differences.iter();
        found
            .map(|found| (found.to_string(), found.is_less()))
            .collect()
    }

    #[test]
    fn views_are_as_asked_fewer_more_or_not_said() {
        for (response, expected) in [
            (json!({"expire_after_views": 2}), None),
            (json!({"expire_after_views": "2"}), None),
            (
                json!({"expire_after_views": 1}),
                Some(("`views`: 1 instead of 2", true)),
            ),
            (
                json!({"expire_after_views": 5}),
                Some(("`views`: 5 instead of 2", false)),
            ),
            (
                json!({"expire_after_views": 0}),
                Some(("`views`: any number instead of 2", false)),
            ),
            (
                json!({"expire_after_views": null}),
                Some(("`views`: the response does not say whether it is 2", false)),
            ),
        ] {
            let differences = Comparison::new(&response, None)
                .views(Some(2))
                .differences();
            let expected = expected.map(|(text, less)| (text.to_owned(), less));
            assert_eq!(found(differences), Vec::from_iter(expected), "{response}");
        }
    }

    #[test]
    fn a_difference_names_the_option_and_both_values() {
        let response = json!({"expire_after_views": 1});
        let differences = Comparison::new(&response, None)
            .views(Some(2))
            .flag("retrieval_step", Some(true), false)
            .differences();
        let found: Vec<_> = differences
            .iter()
            .map(|found| (found.option(), found.asked(), found.kept()))
            .collect();
        assert_eq!(
            found,
            [("views", "2", Some("1")), ("retrieval_step", "true", None)]
        );
    }

    #[test]
    fn a_flag_may_be_text_and_null_is_false_only_for_kinds_without_it() {
        for (value, asked, null_is_false, expected) in [
            (json!("true"), true, false, None),
            (json!("false"), true, false, Some("false instead of true")),
            (json!(null), true, true, Some("false instead of true")),
            (json!(null), false, true, None),
            (json!(null), false, false, Some("does not say")),
        ] {
            let response = json!({"retrieval_step": value});
            let differences = Comparison::new(&response, None)
                .flag("retrieval_step", Some(asked), null_is_false)
                .differences();
            let found = found(differences);
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            if let Some(expected) = expected {
                assert!(found[0].0.contains(expected), "{found:?}");
            }
        }
    }

    #[test]
    fn only_the_commercial_edition_may_leave_out_who_is_told_and_in_which_language() {
        let response = json!({});
        let differences = |edition| {
            let comparison = Comparison::new(&response, Some(edition));
            let asked = ["a@example.com".to_owned()];
            comparison.mail(&asked, Some("fr")).differences()
        };
        assert_eq!(differences(&Edition::Commercial), []);
        assert_eq!(differences(&Edition::Oss).len(), 2);
        assert_eq!(differences(&Edition::Unrecognized("new".into())).len(), 2);
    }

    #[test]
    fn mail_that_is_denied_is_not_kept_in_any_edition() {
        let response = json!({"notify_emails_to": false, "notify_emails_to_locale": false});
        let comparison = Comparison::new(&response, Some(&Edition::Commercial));
        let asked = ["a@example.com".to_owned()];
        assert_eq!(comparison.mail(&asked, Some("fr")).differences().len(), 2);
    }

    #[test]
    fn files_that_the_response_lists_are_all_there_under_the_names_that_the_service_gives_them() {
        let names = |names: &[&str]| -> Value {
            let files = names.iter().map(|name| json!({"filename": name}));
            json!({"files": files.collect::<Vec<_>>()})
        };
        let asked = [
            Upload::bytes("50% \"off\".txt", "x"),
            Upload::bytes("C:\\plans\\a|b?.txt", "x"),
        ];
        for (response, expected) in [
            (json!({}), None),
            (json!({"files": null}), None),
            (json!({"files": [{}, {}]}), None),
            (names(&["50- -off-.txt", "a-b-.txt"]), None),
            (names(&["a-b-.txt", "50- -off-.txt"]), None),
            (names(&[]), Some("none instead of the 2 given files")),
            (
                names(&["a-b-.txt"]),
                Some("1 file instead of the 2 given files"),
            ),
            (
                names(&["a", "b", "c"]),
                Some("3 files instead of the 2 given files"),
            ),
            (
                names(&["a-b-.txt", "a-b-.txt"]),
                Some("other files instead of the 2 given files"),
            ),
            (
                names(&["a-b-.txt", "hunter2"]),
                Some("other files instead of the 2 given files"),
            ),
            (
                json!({"files": 2}),
                Some("the response does not say whether it is the 2 given files"),
            ),
        ] {
            let differences = Comparison::new(&response, None).files(&asked).differences();
            let expected = expected.map(|text| (format!("`file`: {text}"), false));
            assert_eq!(found(differences), Vec::from_iter(expected), "{response}");
        }
        let response = names(&["a"]);
        assert_eq!(
            Comparison::new(&response, None).files(&[]).differences(),
            []
        );
    }

    #[test]
    fn what_every_edition_echoes_is_not_kept_if_it_is_not_echoed() {
        let response = json!({});
        for edition in [None, Some(Edition::Oss), Some(Edition::Commercial)] {
            let comparison = Comparison::new(&response, edition.as_ref());
            let differences = comparison
                .text("name", Some("depot"))
                .text("note", Some("for John"))
                .account(Some("7"))
                .differences();
            let kept: Vec<_> = differences
                .iter()
                .map(|it| (it.option(), it.kept(), it.is_less()))
                .collect();
            let not_said = ["name", "note", "account_id"].map(|option| (option, None, false));
            assert_eq!(kept, not_said, "{edition:?}");
        }
        let nothing = Comparison::new(&response, None).text("name", Some(""));
        assert_eq!(nothing.differences(), []);
    }

    #[test]
    fn a_text_of_another_type_is_another_text() {
        let response = json!({"name": 7, "account_id": {}});
        let differences = Comparison::new(&response, None)
            .text("name", Some("7"))
            .account(Some("7"))
            .differences();
        let kept: Vec<_> = differences.iter().map(Difference::kept).collect();
        assert_eq!(kept, [Some("another text"), Some("another account")]);
    }

    #[test]
    fn an_account_is_the_same_as_text_and_as_a_number() {
        for (kept, expected) in [
            (json!("7"), None),
            (json!(7), None),
            (json!("8"), Some("another account")),
            (json!(8), Some("another account")),
            (json!(null), Some("none")),
        ] {
            let response = json!({"account_id": kept});
            let differences = Comparison::new(&response, None).account(Some("7"));
            let differences = differences.differences();
            let found = differences.first().and_then(Difference::kept);
            assert_eq!(found, expected, "{response}");
        }
    }

    #[test]
    fn a_passphrase_that_is_not_echoed_is_kept_only_where_the_edition_is_known_to_hide_it() {
        let not_said = "`passphrase`: the response does not say whether it is the given one";
        let none = "`passphrase`: none instead of the given one";
        for (response, edition, expected) in [
            (json!({"passphrase": null}), Some(Edition::Commercial), None),
            (json!({}), Some(Edition::Commercial), None),
            (
                json!({"passphrase": false}),
                Some(Edition::Commercial),
                Some(not_said),
            ),
            (
                json!({"passphrase": 0}),
                Some(Edition::Commercial),
                Some(not_said),
            ),
            (
                json!({"passphrase": null}),
                Some(Edition::Oss),
                Some(not_said),
            ),
            (json!({"passphrase": null}), None, Some(not_said)),
            (json!({}), None, Some(not_said)),
            (
                json!({"passphrase": ""}),
                Some(Edition::Commercial),
                Some(none),
            ),
            (json!({"passphrase": " "}), None, Some(none)),
            (json!({"passphrase": "umbrella"}), None, None),
        ] {
            let differences = Comparison::new(&response, edition.as_ref())
                .passphrase(Some("umbrella"))
                .differences();
            let expected = expected.map(|text| (text.to_owned(), false));
            let context = format!("{response} {edition:?}");
            assert_eq!(found(differences), Vec::from_iter(expected), "{context}");
        }
    }

    #[test]
    fn what_was_not_asked_for_is_not_compared() {
        let response = json!({
            "expire_after_views": 5, "retrieval_step": true, "deletable_by_viewer": true, "passphrase": "x",
            "notify_emails_to": "a@example.com", "account_id": 3, "name": "x",
        });
        let comparison = Comparison::new(&response, Some(&Edition::Oss))
            .views(None)
            .flag("retrieval_step", None, false)
            .flag("deletable_by_viewer", None, false)
            .passphrase(None)
            .mail(&[], None)
            .account(None)
            .text("name", None);
        assert_eq!(comparison.differences(), []);
    }

    #[test]
    fn no_secret_and_no_address_is_in_a_difference() {
        let response = json!({
            "passphrase": "MARKED", "notify_emails_to": "MARKED@example.com", "account_id": "MARKED", "note": "MARKED",
        });
        let differences = Comparison::new(&response, Some(&Edition::Oss))
            .passphrase(Some("SECRET"))
            .mail(&["SECRET@example.com".to_owned()], Some("fr"))
            .account(Some("SECRET"))
            .text("note", Some("SECRET"))
            .differences();
        assert_eq!(differences.len(), 5);
        let shown = format!("{differences:?} {:?}", found(differences.clone()));
        assert!(
            !shown.contains("MARKED") && !shown.contains("SECRET"),
            "{shown}"
        );
    }
}
