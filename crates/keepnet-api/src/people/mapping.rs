//! The mapping of a file's columns to fields of target users.

use std::borrow::Cow;

use security_api_transport::__private::is_blank;

use super::matches::same;
use crate::Error;
use crate::blank_ids::check_ids;
use crate::names_in_errors::listed;
use crate::types::TargetUserFieldMapping;

/// A field of a target user that a column can be mapped to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserField {
    /// The e-mail address, which is required.
    Email,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The department.
    Department,
    /// The telephone number.
    PhoneNumber,
    /// The priority of the person, from `VeryLow` to `VeryHigh`.
    Priority,
    /// The time zone.
    TimeZone,
    /// The language of the e-mails to the person.
    PreferredLanguage,
    /// The first name of the person's manager.
    ManagerFirstName,
    /// The last name of the person's manager.
    ManagerLastName,
    /// The e-mail address of the person's manager.
    ManagerEmail,
    /// The company's custom field of this name.
    Custom(String),
}

/// The fields that every company has, with their wire names.
const PLAIN: [(UserField, &str); 11] = [
    (UserField::Email, "Email"),
    (UserField::FirstName, "FirstName"),
    (UserField::LastName, "LastName"),
    (UserField::Department, "Department"),
    (UserField::PhoneNumber, "PhoneNumber"),
    (UserField::Priority, "Priority"),
    (UserField::TimeZone, "TimeZone"),
    (UserField::PreferredLanguage, "PreferredLanguage"),
    (UserField::ManagerFirstName, "ManagerFirstName"),
    (UserField::ManagerLastName, "ManagerLastName"),
    (UserField::ManagerEmail, "ManagerEmail"),
];

/// Names of columns in the vendor's example sheet that differ from the fields' names.
const OTHER_NAMES: [(UserField, &str); 2] = [
    (UserField::Email, "EmailAddress"),
    (UserField::ManagerEmail, "ManagerEmailAddress"),
];

impl UserField {
    fn wire(&self) -> Cow<'_, str> {
        match self {
            Self::Custom(name) => Cow::Borrowed(name),
            plain => {
                let mut known = PLAIN.iter();
                let name = known.find(|(field, _)| field == plain);
                Cow::Borrowed(name.map_or("", |(_, name)| name))
            }
        }
    }
}

/// The mapping of an uploaded file's columns to fields of target users, and the groups that the imported users are
/// added to.
///
/// ```
/// use keepnet_api::people::{ColumnMapping, UserField};
///
/// let mapping = ColumnMapping::new()
///     .column("E-mail address", UserField::Email)
///     .column("Given name", UserField::FirstName)
///     .column("Cost centre", UserField::Custom("Cost centre".to_owned()))
///     .group("aB3dE5gH7jK9");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnMapping {
    columns: Vec<(String, UserField)>,
    /// Columns that are not imported.
    ignored: Vec<String>,
    /// Whether all unmapped columns are left out.
    ignores_rest: bool,
    pub(super) groups: Vec<String>,
}

impl ColumnMapping {
    /// An empty mapping. Every column of a file must be mapped or [ignored](Self::ignore).
    ///
    /// ```
    /// let mapping = keepnet_api::people::ColumnMapping::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps the columns that have the name of a standard field, ignoring case, spaces and punctuation: `E-Mail` and
    /// `email` are [`UserField::Email`], `First name` is [`UserField::FirstName`].
    /// [`TargetUserImport::map`](super::TargetUserImport::map) fails and names all other columns, unless they are
    /// mapped with [`column`](Self::column) or left out with [`ignore`](Self::ignore).
    ///
    /// ```
    /// use keepnet_api::people::{ColumnMapping, UserField};
    ///
    /// let by_name = ColumnMapping::by_name(["E-mail", "first name", "Shoe size"]);
    /// let by_hand = ColumnMapping::new()
    ///     .column("E-mail", UserField::Email)
    ///     .column("first name", UserField::FirstName);
    /// assert_eq!(by_name, by_hand);
    /// let without_shoes = by_name.ignore("Shoe size");
    /// ```
    #[must_use]
    pub fn by_name(columns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut mapping = Self::new();
        for column in columns {
            let column = column.as_ref();
            let plain: String = column.chars().filter(|one| one.is_alphanumeric()).collect();
            let mut fields = PLAIN.iter().chain(&OTHER_NAMES);
            if let Some((field, _)) = fields.find(|(_, name)| name.eq_ignore_ascii_case(&plain)) {
                mapping = mapping.column(column, field.clone());
            }
        }
        mapping
    }

    /// Maps this column of the file to this field, replacing any earlier mapping of the column.
    ///
    /// ```
    /// use keepnet_api::people::{ColumnMapping, UserField};
    ///
    /// let mapping = ColumnMapping::new().column("Mail", UserField::Email);
    /// ```
    #[must_use]
    pub fn column(mut self, column: impl Into<String>, field: UserField) -> Self {
        let column = column.into();
        self.columns.retain(|(other, _)| !same(other, &column));
        self.columns.push((column, field));
        self
    }

    /// Leaves this column out. Its values are not imported.
    ///
    /// The column is left out of the request, while the vendor's front end sends such columns under a special name.
    /// That the service treats both alike is not documented.
    ///
    /// ```
    /// let mapping = keepnet_api::people::ColumnMapping::by_name(["Email", "Shoe size"]).ignore("Shoe size");
    /// ```
    #[must_use]
    pub fn ignore(mut self, column: impl Into<String>) -> Self {
        self.ignored.push(column.into());
        self
    }

    /// Leaves out all columns that are not mapped.
    ///
    /// ```
    /// let mapping = keepnet_api::people::ColumnMapping::by_name(["Email", "Shoe size"]).ignore_rest();
    /// ```
    #[must_use]
    pub fn ignore_rest(mut self) -> Self {
        self.ignores_rest = true;
        self
    }

    /// Also adds everybody who is imported to the target group with this id.
    ///
    /// ```
    /// let mapping = keepnet_api::people::ColumnMapping::new().group("aB3dE5gH7jK9");
    /// ```
    #[must_use]
    pub fn group(mut self, group_id: impl Into<String>) -> Self {
        self.groups.push(group_id.into());
        self
    }

    /// The mapping on the wire, checked against the columns of the file.
    pub(super) fn checked(&self, of_file: &[String]) -> Result<Vec<TargetUserFieldMapping>, Error> {
        for (at, (column, field)) in self.columns.iter().enumerate() {
            check_column(column, of_file)?;
            self.check_field(at, column, field)?;
        }
        let mut fields = self.columns.iter().map(|(_, field)| field);
        if !fields.any(|field| *field == UserField::Email) {
            return Err(Error::invalid(
                "`mapping`: no column is mapped to the e-mail address: map one to `UserField::Email`",
            ));
        }
        self.check_rest(of_file)?;
        check_ids("`mapping`: the list of groups", &self.groups)?;
        let mappings = self.columns.iter().map(|(column, field)| {
            // The file's own spelling, which the service compares.
            let mut names = of_file.iter();
            let name = names.find(|name| same(name, column)).unwrap_or(column);
            TargetUserFieldMapping::new()
                .excel_column_name(name)
                .field_name(field.wire())
        });
        Ok(mappings.collect())
    }

    /// # Errors
    /// If an earlier column is mapped to this field as well, or the field has no name.
    fn check_field(&self, at: usize, column: &str, field: &UserField) -> Result<(), Error> {
        let mut before = self.columns[..at].iter();
        if let Some((other, _)) = before.find(|(_, other)| other == field) {
            return Err(Error::invalid(format!(
                "`mapping`: the columns `{other}` and `{column}` are both mapped to {}; map one of them",
                field.wire()
            )));
        }
        if is_blank(&field.wire()) {
            return Err(Error::invalid(format!(
                "`mapping`: the custom field for the column `{column}` has no name; give the name the company calls \
                 it by"
            )));
        }
        Ok(())
    }

    /// # Errors
    /// If a column of the file is neither mapped nor ignored.
    fn check_rest(&self, of_file: &[String]) -> Result<(), Error> {
        let known = |column: &&String| {
            let mapped = self.columns.iter().map(|(name, _)| name);
            let mut known = mapped.chain(&self.ignored);
            known.any(|name| name.trim().eq_ignore_ascii_case(column.trim()))
        };
        let rest = of_file.iter().filter(|column| !known(column));
        let rest: Vec<_> = rest
            .map(|name| match is_blank(name) {
                true => "(one without a name)",
                false => name,
            })
            .collect();
        if rest.is_empty() || self.ignores_rest {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "`mapping`: the file's columns {} are not mapped: map each with `column`, or leave it out with \
             `ignore` or `ignore_rest`",
            rest.join(", ")
        )))
    }
}

/// # Errors
/// If the file has no such column, or several.
fn check_column(column: &str, of_file: &[String]) -> Result<(), Error> {
    let is_named = |name: &&String| same(name, column);
    match of_file.iter().filter(is_named).count() {
        0 => Err(Error::invalid(format!(
            "`mapping`: the file has no column `{column}`: it has {}",
            listed(of_file.iter().map(String::as_str))
        ))),
        1 => Ok(()),
        several => Err(Error::invalid(format!(
            "`mapping`: the file has {several} columns `{column}`, and only one can be meant: rename the others in \
             the file"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(mapping: &ColumnMapping) -> String {
        let columns = ["Mail".to_owned(), "Other mail".to_owned()];
        mapping.checked(&columns).unwrap_err().to_string()
    }

    #[test]
    fn columns_of_the_same_name_or_without_one_are_told() {
        let file = ["Mail", " mail", ""].map(str::to_owned);
        let mapping = ColumnMapping::new().column("Mail", UserField::Email);
        let text = mapping.checked(&file).unwrap_err().to_string();
        assert!(text.contains("2 columns `Mail`"), "{text}");
        let text = mapping.checked(&file[1..]).unwrap_err().to_string();
        assert!(
            text.contains("(one without a name) are not mapped"),
            "{text}"
        );
    }

    #[test]
    fn a_mapping_that_cannot_work_is_refused_with_the_remedy() {
        let new = ColumnMapping::new;
        let text = refusal(&new().column("E-Mail", UserField::Email));
        assert!(
            text.contains("`E-Mail`") && text.contains("Mail, Other mail"),
            "{text}"
        );
        let text = refusal(&new().column("Mail", UserField::Department));
        assert!(text.contains("UserField::Email"), "{text}");
        let mapped = new().column("Mail", UserField::Email).ignore_rest();
        let text = refusal(&mapped.group(" "));
        assert!(text.contains("the list of groups"), "{text}");
        let twice = new().column("Mail", UserField::Email);
        let text = refusal(&twice.column("Other mail", UserField::Email));
        assert!(text.contains("`Mail` and `Other mail`"), "{text}");
        let text = refusal(&new().column("Mail", UserField::Custom(" ".to_owned())));
        assert!(text.contains("has no name"), "{text}");
    }

    #[test]
    fn an_unmapped_column_is_refused_unless_it_is_ignored() {
        let mail = || ColumnMapping::new().column("Mail", UserField::Email);
        let text = refusal(&mail());
        assert!(text.contains("columns Other mail are"), "{text}");
        let columns = ["Mail".to_owned(), "Other mail".to_owned()];
        for mapping in [mail().ignore("other mail"), mail().ignore_rest()] {
            assert_eq!(mapping.checked(&columns).unwrap().len(), 1);
        }
    }

    #[test]
    fn every_field_is_found_by_its_name_and_by_that_of_the_example_sheet() {
        for (field, name) in PLAIN.iter().chain(&OTHER_NAMES) {
            let mapping = ColumnMapping::by_name([name.to_ascii_lowercase()]);
            assert_eq!(mapping.columns[0].1, *field, "{name}");
        }
        let sheet = ColumnMapping::by_name(["Email Address", "Manager First Name"]);
        let fields: Vec<_> = sheet.columns.into_iter().map(|(_, field)| field).collect();
        assert_eq!(fields, [UserField::Email, UserField::ManagerFirstName]);
    }

    #[test]
    fn a_column_is_mapped_once_and_sent_as_the_file_spells_it() {
        let mapping = ColumnMapping::new()
            .column("mail ", UserField::Department)
            .column("mail", UserField::Email)
            .column("Other mail", UserField::Custom("Backup".to_owned()));
        let sent = mapping
            .checked(&[" Mail".to_owned(), "Other mail".to_owned()])
            .unwrap();
        let sent: Vec<_> = sent
            .iter()
            .map(|one| {
                (
                    one.excel_column_name.as_deref().unwrap(),
                    one.field_name.as_deref().unwrap(),
                )
            })
            .collect();
        assert_eq!(sent, [(" Mail", "Email"), ("Other mail", "Backup")]);
    }
}
