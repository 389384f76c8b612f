//! Where things are.

use std::path::{Path, PathBuf};

pub(crate) use xtask::root;

/// A service that has a client crate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// The folder of its crate.
    pub(crate) crate_dir: &'static str,
    /// The crate, as it is named in Rust.
    pub(crate) library: &'static str,
    /// What examples call a client of it.
    pub(crate) variable: &'static str,
    /// The description of its API: a file, or a folder of files that are one description.
    pub(crate) description: &'static str,
    /// Features that stand for several areas, and which: what some of these share is compiled for all of them.
    pub(crate) groups: &'static [(&'static str, &'static [&'static str])],
    /// The folder with what is recorded of the vendor's own document, if there is one.
    pub(crate) vendor: Option<&'static str>,
    /// The file with a call of every operation, in the package of the exerciser; further ones are in the folder of its name.
    pub(crate) exercise: &'static str,
    /// The file from which the sandbox makes samples of responses.
    pub(crate) shapes: Option<&'static str>,
    /// The file with a table of the types that responses are made of, for the test that decodes samples of them.
    pub(crate) readers: Option<&'static str>,
}

/// All services.
pub(crate) const SERVICES: &[Service] = &[
    Service {
        name: "push-security",
        crate_dir: "crates/push-security-api",
        library: "push_security_api",
        variable: "push",
        description: "crates/push-security-api/api/openapi.yaml",
        groups: &[],
        vendor: None,
        exercise: "src/push_security.rs",
        shapes: None,
        readers: None,
    },
    Service {
        name: "pwpush",
        crate_dir: "crates/pwpush-api",
        library: "pwpush_api",
        variable: "pwpush",
        description: "crates/pwpush-api/api/openapi.yaml",
        groups: &[],
        vendor: None,
        exercise: "src/pwpush.rs",
        shapes: None,
        readers: None,
    },
    Service {
        name: "keepnet",
        crate_dir: "crates/keepnet-api",
        library: "keepnet_api",
        variable: "keepnet",
        description: "crates/keepnet-api/api",
        groups: &[(
            "_simulator",
            &["phishing", "quishing", "smishing", "callback"],
        )],
        vendor: Some("crates/keepnet-api/api"),
        exercise: "src/keepnet.rs",
        shapes: Some("crates/sandbox/src/keepnet/shapes.json"),
        readers: Some("tests/decoding/types.rs"),
    },
];

impl Service {
    /// The folder of its generated code.
    pub(crate) fn generated(&self) -> PathBuf {
        Path::new(self.crate_dir).join("src/generated")
    }

    /// Folders of the exerciser's package that hold nothing but calls of it.
    pub(crate) fn exercise_folders(&self) -> Vec<PathBuf> {
        vec![Path::new(self.exercise).with_extension("")]
    }

    /// The service of this name.
    ///
    /// # Errors
    /// If there is none, with the names there are.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        SERVICES
            .iter()
            .find(|service| service.name == name)
            .copied()
            .ok_or_else(|| {
                let names: Vec<_> = SERVICES.iter().map(|service| service.name).collect();
                format!(
                    "there is no service of this name, only {}",
                    names.join(", ")
                )
            })
    }

    /// The named service, or all.
    pub(crate) fn selected(only: Option<Self>) -> Vec<Self> {
        only.map_or_else(|| SERVICES.to_vec(), |service| vec![service])
    }
}
