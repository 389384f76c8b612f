//! A table with which a test decodes JSON into every type that is read.

use std::fmt::Write as _;

use super::super::ir::{Api, Ty, Type};
use super::super::place::Places;
use crate::project::Service;

/// Returns the file, with one line for each type so that diffs are readable. The test defines `reads` and `reads_enum`.
pub(super) fn file(header: &str, api: &Api, places: &Places, service: &Service) -> String {
    let (mut models, mut enums, mut own) = (String::new(), String::new(), String::new());
    for (name, ty) in api.types.iter().filter(|(name, _)| places.is_read(name)) {
        match ty {
            Type::Enum(_) => {
                let _ = writeln!(enums, "    ({name:?}, reads_enum::<types::{name}>),");
            }
            Type::Model(model) => {
                let _ = writeln!(models, "    ({name:?}, reads::<types::{name}>),");
                for member in &model.members {
                    if let Ty::Own(path) = &member.ty {
                        let _ = writeln!(own, "    ({name:?}, {:?}, {path:?}),", member.wire);
                    }
                }
            }
        }
    }
    let library = service.library;
    format!(
        "{header}//! Decodes each type that responses contain.\n\n\
         use {library}::types;\n\n\
         use super::read::{{Read, ReadEnum, reads, reads_enum}};\n\n\
         /// Objects.\n\
         pub(crate) const MODELS: &[(&str, Read)] = &[\n{models}];\n\n\
         /// Enumerations.\n\
         pub(crate) const ENUMS: &[(&str, ReadEnum)] = &[\n{enums}];\n\n\
         /// Members of objects that have a hand-written type: object, member, type.\n\
         pub(crate) const OWN: &[(&str, &str, &str)] = &[\n{own}];\n"
    )
}
