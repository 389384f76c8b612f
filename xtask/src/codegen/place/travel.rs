//! Whether types can travel in the directions that they need, and as what they are sent.

use std::collections::BTreeSet;

use super::super::ir::{Api, Body, Encoding, Member, Model, TimeFormat, Ty, Type};
use super::super::node::Refusal;
use super::{Places, body};

/// Refuses objects and members that cannot be decoded or encoded as they are used.
pub(super) fn check(api: &Api, places: &Places) -> Vec<Refusal> {
    let contained = contained(api);
    let models = api.types.values().filter_map(|ty| match ty {
        Type::Model(model) => Some(model),
        Type::Enum(_) => None,
    });
    let mut refusals = Vec::new();
    for model in models {
        let used = Used {
            is_read: places.is_read(&model.name),
            is_written: places.is_written(&model.name),
            is_contained: contained.contains(model.name.as_str()),
        };
        refusals.extend(of_object(api, model, &used));
        for member in &model.members {
            refusals.extend(of_member(model, member, &used));
        }
    }
    refusals
}

/// How an object is used.
struct Used {
    /// It is in responses.
    is_read: bool,
    /// It is in requests.
    is_written: bool,
    /// It is a part of something else.
    is_contained: bool,
}

fn refuse(pointer: &str, problem: &str, remedy: &str) -> Refusal {
    Refusal {
        pointer: pointer.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn is_form(model: &Model) -> bool {
    model.encoding != Encoding::Json
}

fn of_object(api: &Api, model: &Model, used: &Used) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if contains_itself(api, &model.name) {
        refusals.push(refuse(
            &model.pointer,
            "an object that directly contains its own kind cannot be expressed in generated code",
            "describe the inner one as a list, or as `{}` for JSON of any form",
        ));
    }
    if model.patch && used.is_read {
        refusals.push(refuse(
            &model.pointer,
            "a partial update is never in a response",
            "describe the response in another schema",
        ));
    }
    let mut late = model.members.iter().skip(64);
    if let Some(member) = late.find(|member| member.required)
        && used.is_read
    {
        refusals.push(refuse(
            &member.pointer,
            "a required member of a response must be among the first 64",
            "put it into `x-wire-order` before others, or take it out of `required`",
        ));
    }
    if is_form(model) && used.is_contained {
        refusals.push(refuse(
            &model.pointer,
            "a form cannot be a part of something else",
            "describe what is a part in another schema",
        ));
    }
    if (is_form(model) || model.in_form) && (model.patch || model.search) {
        refusals.push(refuse(
            &model.pointer,
            "neither a partial update nor a search can be sent as a form",
            "describe the body as JSON",
        ));
    }
    refusals
}

fn of_member(model: &Model, member: &Member, used: &Used) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |problem, remedy| refusals.push(refuse(&member.pointer, problem, remedy));
    if (is_form(model) || model.in_form) && !fits_form(&member.ty, model.encoding) {
        refuse(
            "a member of this type cannot be written into a form",
            "use text, numbers, booleans, times or enumerations, and in `multipart/form-data` objects and lists of them",
        );
    }
    if used.is_written && member.ty == Ty::Time(TimeFormat::UnixSeconds) {
        refuse(
            "times in UNIX seconds can be read, but not written",
            "leave out `x-timestamp`, so that it is a number",
        );
    }
    let is_file = matches!(&member.ty, Ty::File)
        || matches!(&member.ty, Ty::List(inner) if **inner == Ty::File);
    if is_file && (used.is_read || model.encoding != Encoding::Multipart) {
        refuse(
            "a file can only be a member of a form that is sent as `multipart/form-data`",
            "describe it as text, or the body as a form",
        );
    }
    let inner_secret = !matches!(member.ty, Ty::Secret) && contains_secret(&member.ty);
    if used.is_written && inner_secret && !matches!(member.ty, Ty::Map(_)) {
        refuse(
            "a list of secrets cannot be written",
            "take out `x-secret`, or write the call by hand",
        );
    }
    let has_no_default = matches!(member.ty, Ty::Enum(_) | Ty::Code(_) | Ty::Json);
    if used.is_read && member.required && has_no_default {
        refuse(
            "a required member of a response must have a value before it is read",
            "take it out of `required`",
        );
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
