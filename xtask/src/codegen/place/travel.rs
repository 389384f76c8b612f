//! Whether types can travel in the directions that they need, and as what they are sent.

use std::collections::BTreeSet;

use super::super::ir::{Api, Body, Encoding, TimeFormat, Ty, Type};
use super::super::node::Refusal;
use super::{Places, body};

/// Refuses members that cannot be decoded or encoded as their model is.
pub(super) fn check(api: &Api, places: &Places) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let contained = contained(api);
    for ty in api.types.values() {
        let Type::Model(model) = ty else { continue };
        let mut refuse = |pointer: &str, problem: &str, remedy: &str| {
            refusals.push(Refusal {
                pointer: pointer.to_owned(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        if contains_itself(api, &model.name) {
            refuse(
                &model.pointer,
                "an object that directly contains its own kind cannot be expressed in generated code",
                "describe the inner one as a list, or as `{}` for JSON of any form",
            );
        }
        if model.patch && places.is_read(&model.name) {
            refuse(
                &model.pointer,
                "a partial update is never in a response",
                "describe the response in another schema",
            );
        }
        if let Some(member) = model.members.iter().skip(64).find(|member| member.required)
            && places.is_read(&model.name)
        {
            refuse(
                &member.pointer,
                "a required member of a response must be among the first 64",
                "put it into `x-wire-order` before others, or take it out of `required`",
            );
        }
        let is_form = model.encoding != Encoding::Json;
        if is_form && contained.contains(model.name.as_str()) {
            refuse(
                &model.pointer,
                "a form cannot be a part of something else",
                "describe what is a part in another schema",
            );
        }
        if (is_form || model.in_form) && (model.patch || model.search) {
            refuse(
                &model.pointer,
                "neither a partial update nor a search can be sent as a form",
                "describe the body as JSON",
            );
        }
        for member in &model.members {
            let (read, written) = (places.is_read(&model.name), places.is_written(&model.name));
            if (is_form || model.in_form) && !fits_form(&member.ty, model.encoding) {
                refuse(
                    &member.pointer,
                    "a member of this type cannot be written into a form",
                    "use text, numbers, booleans, times or enumerations, and in `multipart/form-data` objects and lists of them",
                );
            }
            if written && member.ty == Ty::Time(TimeFormat::UnixSeconds) {
                refuse(
                    &member.pointer,
                    "times in UNIX seconds can be read, but not written",
                    "leave out `x-timestamp`, so that it is a number",
                );
            }
            let file = matches!(&member.ty, Ty::File)
                || matches!(&member.ty, Ty::List(inner) if **inner == Ty::File);
            if file && (read || model.encoding != Encoding::Multipart) {
                refuse(
                    &member.pointer,
                    "a file can only be a member of a form that is sent as `multipart/form-data`",
                    "describe it as text, or the body as a form",
                );
            }
            let inner_secret = !matches!(member.ty, Ty::Secret) && contains_secret(&member.ty);
            if written && inner_secret && !matches!(member.ty, Ty::Map(_)) {
                refuse(
                    &member.pointer,
                    "a list of secrets cannot be written",
                    "take out `x-secret`, or write the call by hand",
                );
            }
            if read && member.required && matches!(member.ty, Ty::Enum(_) | Ty::Code(_) | Ty::Json)
            {
                refuse(
                    &member.pointer,
                    "a required member of a response must have a value before it is read",
                    "take it out of `required`",
                );
            }
        }
    }
    refusals
}

/// Returns the named types that are parts of others or of bodies, or that are searches.
fn contained(api: &Api) -> BTreeSet<&str> {
    let models = api.types.values().filter_map(|ty| match ty {
        Type::Model(model) => Some(model),
        Type::Enum(_) => None,
    });
    let members = models.flat_map(|model| &model.members);
    let operations = api.resources.iter().flat_map(|r| &r.operations);
    let parts = operations.filter(|o| !matches!(o.body, Some(Body::Model { .. })));
    members
        .filter_map(|member| member.ty.named())
        .chain(parts.flat_map(body))
        .collect()
}

/// Returns whether a value of this type can be encoded in a form.
fn fits_form(ty: &Ty, encoding: Encoding) -> bool {
    match ty {
        Ty::Map(_) | Ty::Optional(_) | Ty::Own(_) => false,
        Ty::List(_) | Ty::Model(_) if encoding == Encoding::UrlEncoded => false,
        Ty::List(inner) => fits_form(inner, encoding),
        _ => true,
    }
}

fn contains_secret(ty: &Ty) -> bool {
    match ty {
        Ty::Secret => true,
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => contains_secret(inner),
        _ => false,
    }
}

fn contains_itself(api: &Api, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let Some(Type::Model(model)) = api.types.get(next) else {
            continue;
        };
        for member in &model.members {
            if let Ty::Model(inner) = &member.ty {
                if inner == name {
                    return true;
                }
                if seen.insert(inner.as_str()) {
                    open.push(inner);
                }
            }
        }
    }
    false
}
