//! The services, and the paths of their files.

use std::path::{Path, PathBuf};

pub(crate) use xtask::root;

/// A service that has a client crate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// The folder of the crate.
    pub(crate) crate_dir: &'static str,
    /// The name of the crate in Rust.
    pub(crate) library: &'static str,
    /// The variable that holds a client in examples.
    pub(crate) variable: &'static str,
    /// The description of the API: a file, or a folder of files that are merged.
    pub(crate) description: &'static str,
    /// Features that combine several areas, and those areas. Types that some of these share are compiled for all of
    /// them.
    pub(crate) groups: &'static [(&'static str, &'static [&'static str])],
    /// The folder with the record of the vendor's document, if there is one.
    pub(crate) vendor: Option<&'static str>,
    /// The file with the calls of every operation, in the exerciser's package. Further files are in the folder of the
    /// same name.
    pub(crate) exercise: &'static str,
    /// The file from which the sandbox makes samples of responses.
    pub(crate) shapes: Option<&'static str>,
    /// The file with a table of response types, for the test that decodes samples of them.
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
    /// Returns the folder of the generated code.
    pub(crate) fn generated(&self) -> PathBuf {
        Path::new(self.crate_dir).join("src/generated")
    }

    /// Returns the folders of the exerciser's package that contain only generated calls.
    pub(crate) fn exercise_folders(&self) -> Vec<PathBuf> {
        vec![Path::new(self.exercise).with_extension("")]
    }

    /// Returns the service with this name.
    ///
    /// # Errors
    /// If there is no such service. The error lists the names.
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

    /// Returns the given service, or all services.
    pub(crate) fn selected(only: Option<Self>) -> Vec<Self> {
        only.map_or_else(|| SERVICES.to_vec(), |service| vec![service])
    }
}
