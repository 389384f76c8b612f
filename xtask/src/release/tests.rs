//! Releases of a small workspace into a local registry.

mod refusals;
mod registry;
mod workspace;

use super::level::Level;
use super::publish::{DRY_RUN, NO_VERIFY, Order, Publishing, publish_tag, release};
use super::{git, plan};
use registry::Registry;
use workspace::Small;

const TRANSPORT: &str = "security-api-transport";
const PWPUSH: &str = "pwpush-api";
const PUSH: &str = "push-security-api";

fn order(name: &str, level: Option<Level>) -> Order {
    Order {
        name: name.to_owned(),
        level,
        execute: true,
        by_workflow: false,
        registry: Some(registry::NAME.to_owned()),
    }
}

/// Releases with a gate that passes.
fn execute(small: &Small, name: &str, level: Option<Level>) -> Result<(), String> {
    release(&small.load(), &order(name, level), || Ok(true)).map_err(|error| format!("{error:#}"))
}

/// Returns the required level of each crate.
fn next(small: &Small) -> Vec<(String, Option<Level>)> {
    let standings = plan::standings(&small.load()).unwrap();
    standings
        .iter()
        .map(|standing| (standing.member.name.clone(), standing.required()))
        .collect()
}

#[test]
fn crates_are_released_one_by_one_from_the_first_version_to_one_that_breaks() {
    let registry = Registry::start();
    let small = Small::new(&registry);

    // Dependencies come first.
    let error = execute(&small, PWPUSH, None).unwrap_err();
    assert!(
        error.contains("security-api-transport was never released; release it first"),
        "{error}"
    );
    let before = small.head();
    let dry = Order {
        execute: false,
        ..order(PWPUSH, None)
    };
    release(&small.load(), &dry, || {
        panic!("the gate runs before anything is done")
    })
    .unwrap();
    assert_eq!(
        (small.head(), small.tags(), registry.versions(PWPUSH)),
        (before, vec![], vec![])
    );

    execute(&small, TRANSPORT, None).unwrap();
    execute(&small, PWPUSH, None).unwrap();
    execute(&small, PUSH, None).unwrap();
    for name in [TRANSPORT, PWPUSH, PUSH] {
        assert_eq!(registry.versions(name), ["0.1.0"]);
    }
    assert_eq!(
        small.tags(),
        [
            "push-security-api-v0.1.0",
            "pwpush-api-v0.1.0",
            "security-api-transport-v0.1.0"
        ]
    );
    assert!(next(&small).iter().all(|(_, level)| level.is_none()));

    // A patch of one crate only.
    small.append(PWPUSH, "src/lib.rs", "fn private() {}\n");
    let error = execute(&small, PWPUSH, Some(Level::Patch)).unwrap_err();
    assert!(
        error.contains("not committed") && error.contains("says nothing under [Unreleased]"),
        "{error}"
    );
    small.note(PWPUSH, "- Something private.");
    small.commit("Change something");
    assert_eq!(
        next(&small),
        [
            (TRANSPORT.to_owned(), None),
            (PUSH.to_owned(), None),
            (PWPUSH.to_owned(), Some(Level::Patch))
        ]
    );
    let refused = release(&small.load(), &order(PWPUSH, Some(Level::Patch)), || {
        Ok(false)
    })
    .unwrap_err();
    assert_eq!(refused.to_string(), "the gate does not hold");
    execute(&small, PWPUSH, Some(Level::Patch)).unwrap();
    assert_eq!(registry.versions(PWPUSH), ["0.1.0", "0.1.1"]);
    assert_eq!(registry.versions(TRANSPORT), ["0.1.0"]);
    let changelog = small.read(PWPUSH, "CHANGELOG.md");
    assert!(
        changelog.contains("## [0.1.1] - 20") && changelog.contains("\n- Something private."),
        "{changelog}"
    );

    // A breaking change of the transport.
    small.replace(
        TRANSPORT,
        "src/lib.rs",
        "pub fn name(&self) -> u8 { 0 }",
        "pub fn name(&self) -> u16 { 0 }",
    );
    small.note(TRANSPORT, "- `Client::name` is longer.");
    small.commit("Break something");
    let error = execute(&small, TRANSPORT, Some(Level::Minor)).unwrap_err();
    assert!(
        error.contains("public-api.txt does not say what is public"),
        "{error}"
    );
    small.bless();
    small.commit("Say so");
    assert!(
        next(&small)
            .iter()
            .all(|(_, level)| *level == Some(Level::Minor))
    );
    let standings = plan::standings(&small.load()).unwrap();
    let told = plan::tell(&standings);
    let reason = "shows types of security-api-transport, which breaks with 0.2.0: Client";
    assert_eq!(told.matches(reason).count(), 2, "{told}");
    let error = execute(&small, TRANSPORT, Some(Level::Patch)).unwrap_err();
    assert!(
        error.contains("requires --level minor") && error.contains("Client::name(&self) -> u8"),
        "{error}"
    );
    small.note(PWPUSH, "- Goes with the new transport.");
    small.commit("Tell of it");
    let error = execute(&small, PWPUSH, Some(Level::Minor)).unwrap_err();
    assert!(
        error.contains("in ways that break; release it first"),
        "{error}"
    );

    // A release that failed half-way resumes.
    registry.refuse_next();
    let error = execute(&small, TRANSPORT, Some(Level::Minor)).unwrap_err();
    assert!(
        error.contains("is not published; the same command goes on"),
        "{error}"
    );
    assert_eq!(
        (registry.versions(TRANSPORT), small.tags().len()),
        (vec!["0.1.0".to_owned()], 4)
    );
    let begun = small.head();
    execute(&small, TRANSPORT, Some(Level::Minor)).unwrap();
    assert_eq!(registry.versions(TRANSPORT), ["0.1.0", "0.2.0"]);
    assert_eq!(
        (small.head(), small.at("security-api-transport-v0.2.0")),
        (begun.clone(), begun)
    );

    // A crate that was published but not tagged resumes, too.
    git::git(
        &small.root,
        ["tag", "--delete", "security-api-transport-v0.2.0"],
    )
    .unwrap();
    execute(&small, TRANSPORT, Some(Level::Minor)).unwrap();
    assert_eq!(registry.versions(TRANSPORT), ["0.1.0", "0.2.0"]);

    let error = execute(&small, PWPUSH, Some(Level::Patch)).unwrap_err();
    assert!(error.contains("requires --level minor"), "{error}");
    execute(&small, PWPUSH, Some(Level::Minor)).unwrap();
    assert_eq!(registry.versions(PWPUSH), ["0.1.0", "0.1.1", "0.2.0"]);
    assert_eq!(
        registry.needs(PWPUSH, "0.1.1"),
        ["security-api-transport ^0.1.0"]
    );
    assert_eq!(
        registry.needs(PWPUSH, "0.2.0"),
        ["security-api-transport ^0.2.0"]
    );
}

#[test]
fn a_pushed_tag_publishes_its_crate_once() {
    let registry = Registry::start();
    let small = Small::new(&registry);
    let by_workflow = Order {
        by_workflow: true,
        ..order(TRANSPORT, None)
    };
    release(&small.load(), &by_workflow, || Ok(true)).unwrap();
    assert_eq!(registry.versions(TRANSPORT), [""; 0]);
    let tag = "security-api-transport-v0.1.0";
    let push = |mode| {
        let registry = Some(registry::NAME);
        publish_tag(&small.load(), tag, Publishing { registry, mode })
    };
    push(Some(DRY_RUN)).unwrap();
    assert_eq!(registry.versions(TRANSPORT), [""; 0]);
    push(Some(NO_VERIFY)).unwrap();
    push(Some(NO_VERIFY)).unwrap();
    assert_eq!(registry.versions(TRANSPORT), ["0.1.0"]);

    small.append(TRANSPORT, "CHANGELOG.md", "\nMore.\n");
    small.commit("Go on");
    let error = push(None).unwrap_err().to_string();
    assert_eq!(
        error,
        "security-api-transport-v0.1.0 is not what is checked out"
    );
}
