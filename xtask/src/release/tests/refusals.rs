//! Releases that would make the registry, the tags and the history disagree.

use super::super::git;
use super::super::level::Level;
use super::super::publish::release;
use super::registry::Registry;
use super::workspace::Small;
use super::{PUSH, PWPUSH, TRANSPORT, execute, order};

/// Returns a workspace whose crates are all released.
fn released(registry: &Registry) -> Small {
    let small = Small::new(registry);
    for name in [TRANSPORT, PWPUSH, PUSH] {
        execute(&small, name, None).unwrap();
    }
    small
}

/// Changes a crate so that there is something to release, without changing its public API.
fn change(small: &Small, name: &str) {
    small.append(name, "src/lib.rs", "fn private() {}\n");
    small.note(name, "- Something private.");
    small.commit("Change something");
}

/// Checks that a release is refused before anything is done, and returns the reason.
#[track_caller]
fn refused(small: &Small, registry: &Registry, name: &str, level: Level) -> String {
    let before = (small.head(), small.tags(), registry.versions(name));
    let error = execute(small, name, Some(level)).unwrap_err();
    assert_eq!(git::uncommitted(&small.root).unwrap(), "");
    let after = (small.head(), small.tags(), registry.versions(name));
    assert_eq!(after, before, "{error}");
    error
}

#[test]
fn a_version_that_is_taken_is_not_released_again() {
    let registry = Registry::start();
    let small = released(&registry);
    change(&small, PWPUSH);

    // The tag is outside this history.
    git::git(&small.root, ["checkout", "--quiet", "-b", "other"]).unwrap();
    small.append(PWPUSH, "src/lib.rs", "// Another one.\n");
    small.commit("Go elsewhere");
    git::git(&small.root, ["tag", "pwpush-api-v0.1.1"]).unwrap();
    git::git(&small.root, ["checkout", "--quiet", "-"]).unwrap();
    let error = refused(&small, &registry, PWPUSH, Level::Patch);
    assert!(
        error.contains("the tag pwpush-api-v0.1.1 is there already"),
        "{error}"
    );
    git::git(&small.root, ["tag", "--delete", "pwpush-api-v0.1.1"]).unwrap();

    // The changelog lists the version.
    small.append(
        PWPUSH,
        "CHANGELOG.md",
        "\n## [0.1.1] - 2026-01-02\n\n- All of it.\n",
    );
    small.commit("Write of what is not");
    let error = refused(&small, &registry, PWPUSH, Level::Patch);
    assert!(
        error.contains("CHANGELOG.md has a section for 0.1.1 already"),
        "{error}"
    );
    execute(&small, PWPUSH, Some(Level::Minor)).unwrap();

    // The registry has the version.
    change(&small, PUSH);
    execute(&small, PUSH, Some(Level::Patch)).unwrap();
    git::git(&small.root, ["tag", "--delete", "push-security-api-v0.1.1"]).unwrap();
    git::git(&small.root, ["reset", "--quiet", "--hard", "HEAD~1"]).unwrap();
    let error = refused(&small, &registry, PUSH, Level::Patch);
    assert!(
        error.contains("push-security-api 0.1.1 is in the registry already"),
        "{error}"
    );
}

#[test]
fn a_crate_that_needs_unreleased_crates_is_not_released() {
    let registry = Registry::start();
    let small = released(&registry);
    small.append(TRANSPORT, "src/lib.rs", "pub fn fresh() {}\n");
    small.note(TRANSPORT, "- `fresh`.");
    small.append(
        PWPUSH,
        "src/lib.rs",
        "pub fn own() { security_api_transport::fresh() }\n",
    );
    small.note(PWPUSH, "- `own`.");
    small.bless();
    small.commit("Use what is new");
    let error = refused(&small, &registry, PWPUSH, Level::Patch);
    assert!(
        error.contains("the package does not build with what is published"),
        "{error}"
    );
    execute(&small, TRANSPORT, Some(Level::Patch)).unwrap();
    execute(&small, PWPUSH, Some(Level::Patch)).unwrap();
    assert_eq!(
        registry.needs(PWPUSH, "0.1.1"),
        ["security-api-transport ^0.1.1"]
    );
}

#[test]
fn requirements_in_the_manifests_of_dependants_follow() {
    let registry = Registry::start();
    let small = Small::new(&registry);
    small.replace(
        PUSH,
        "Cargo.toml",
        "security-api-transport.workspace = true",
        "security-api-transport = { path = \"../security-api-transport\", version = \"0.1.0\" }\n\n\
         [target.'cfg(unix)'.dev-dependencies]\n\
         pwpush-api = { path = \"../pwpush-api\", version = \"0.1\" } # for tests",
    );
    small.lock();
    small.commit("Ask for it by path");
    for name in [TRANSPORT, PWPUSH, PUSH] {
        execute(&small, name, None).unwrap();
    }
    small.replace(TRANSPORT, "src/lib.rs", "-> u8", "-> u16");
    small.note(TRANSPORT, "- `Client::name` is longer.");
    for name in [PWPUSH, PUSH] {
        small.note(name, "- Goes with it.");
    }
    small.bless();
    small.commit("Break something");
    // From 0.1 to 0.2 to 1.0.
    execute(&small, TRANSPORT, Some(Level::Major)).unwrap();
    for name in [PWPUSH, PUSH] {
        let error = refused(&small, &registry, name, Level::Patch);
        assert!(error.contains("requires --level minor"), "{error}");
        execute(&small, name, Some(Level::Minor)).unwrap();
        assert_eq!(
            registry.needs(name, "0.2.0")[0],
            "security-api-transport ^1.0.0"
        );
    }
    let manifest = small.read(PUSH, "Cargo.toml");
    assert!(
        manifest.contains("version = \"0.2.0\" } # for tests"),
        "{manifest}"
    );
}

#[test]
fn a_release_resumes_only_unchanged() {
    let registry = Registry::start();
    let small = released(&registry);
    change(&small, PWPUSH);
    registry.refuse_next();
    execute(&small, PWPUSH, Some(Level::Patch)).unwrap_err();
    let begun = small.head();

    // The package may also change with the manifest of the workspace.
    change(&small, TRANSPORT);
    execute(&small, TRANSPORT, Some(Level::Patch)).unwrap();
    let error = refused(&small, &registry, PWPUSH, Level::Patch);
    assert!(
        error.contains(&format!("check out {}", begun.trim())),
        "{error}"
    );
    git::git(&small.root, ["checkout", "--quiet", begun.trim()]).unwrap();
    execute(&small, PWPUSH, Some(Level::Patch)).unwrap();
    assert_eq!(small.at("pwpush-api-v0.1.1"), begun);
    assert_eq!(registry.versions(PWPUSH), ["0.1.0", "0.1.1"]);
}

#[test]
fn a_version_that_was_set_in_part_is_told_of() {
    let registry = Registry::start();
    let small = released(&registry);
    change(&small, PWPUSH);
    // The state after an interruption between writing the files and the commit.
    small.replace(PWPUSH, "Cargo.toml", "0.1.0", "0.1.1");
    small.replace(
        PWPUSH,
        "CHANGELOG.md",
        "## [Unreleased]\n",
        "## [Unreleased]\n\n## [0.1.1] - 2026-01-02\n",
    );
    let error = execute(&small, PWPUSH, Some(Level::Patch)).unwrap_err();
    assert!(
        error.contains("there are changes that are not committed")
            && error.contains("pwpush-api/Cargo.toml"),
        "{error}"
    );
    git::git(&small.root, ["restore", "."]).unwrap();
    execute(&small, PWPUSH, Some(Level::Patch)).unwrap();

    // A resumed release runs the gate, too.
    let gate = |small: &Small| {
        release(&small.load(), &order(PUSH, Some(Level::Patch)), || {
            Ok(false)
        })
    };
    change(&small, PUSH);
    let before = small.head();
    assert_eq!(
        gate(&small).unwrap_err().to_string(),
        "the gate does not hold"
    );
    assert_eq!(small.head(), before);
}
