//! What is refused before an investigation is started.

use security_api_transport::__private::is_blank;
use security_api_transport::Error;

use super::NewInvestigation;
use crate::blank_ids::check_ids;
use crate::types::MailboxSelection;

impl NewInvestigation {
    /// # Errors
    /// If it could match every e-mail, or its mailboxes, mail systems or times cannot be meant.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.check_indicators()?;
        self.check_mailboxes()?;
        self.check_systems()?;
        self.check_time()
    }

    fn check_indicators(&self) -> Result<(), Error> {
        if self.headers.is_empty() && self.bodies.is_empty() && self.attachments.is_empty() {
            return Err(Error::invalid(
                "the investigation has no indicator, so it would match every e-mail: give it one, \
                 such as `sender` or `url`",
            ));
        }
        for header in &self.headers {
            let texts = [
                ("ip", &header.ip),
                ("from", &header.from),
                ("to", &header.to),
                ("cc", &header.cc),
                ("bcc", &header.bcc),
                ("subject", &header.subject),
                ("sender_name", &header.sender_name),
            ];
            check_indicator("header", &texts, false)?;
        }
        for body in &self.bodies {
            let texts = [
                ("url", &body.url),
                ("keyword", &body.keyword),
                ("regex", &body.regex),
            ];
            check_indicator("body", &texts, false)?;
        }
        for attachment in &self.attachments {
            let texts = [
                ("name", &attachment.name),
                ("md5", &attachment.md5),
                ("sha512", &attachment.sha512),
                ("extension", &attachment.extension),
            ];
            check_indicator("attachment", &texts, attachment.size.is_some())?;
        }
        Ok(())
    }

    fn check_mailboxes(&self) -> Result<(), Error> {
        if self.targets.is_empty() && self.target != MailboxSelection::AllUsers {
            return Err(Error::invalid(
                "the investigation's list of mailboxes or groups is empty: name at least one, or leave it out to search \
                 all mailboxes",
            ));
        }
        if self.target == MailboxSelection::Groups {
            check_ids("the investigation's list of groups", &self.targets)?;
        }
        let no_address = |target: &&String| !target.contains('@');
        if self.target == MailboxSelection::SpecificUsers
            && let Some(other) = self.targets.iter().find(no_address)
        {
            return Err(Error::invalid(format!(
                "the investigation's mailbox `{other}` is not an e-mail address: give the addresses of target users"
            )));
        }
        Ok(())
    }

    fn check_systems(&self) -> Result<(), Error> {
        if self.systems.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid(
                "the investigation's list of mail systems is empty: name at least one, or leave it out to search all",
            ));
        }
        let systems = self.systems.iter().flatten();
        let systems = systems.filter_map(|system| system.mail_configuration_resource_id.as_ref());
        check_ids("the investigation's list of mail systems", systems)
    }

    fn check_time(&self) -> Result<(), Error> {
        if self.days == 0 {
            return Err(Error::invalid(
                "`days` is 0, so the investigation would expire at once: give at least 1",
            ));
        }
        if self.period.is_some_and(|(from, until)| from > until) {
            return Err(Error::invalid(
                "the investigation's period ends before it begins: swap its start and end",
            ));
        }
        Ok(())
    }
}

/// # Errors
/// If a text of an indicator is empty or blank, or the indicator has none and nothing else.
fn check_indicator(
    what: &str,
    texts: &[(&str, &Option<String>)],
    has_more: bool,
) -> Result<(), Error> {
    let blank = |text: &&Option<String>| text.as_ref().is_some_and(|text| is_blank(text));
    if let Some((member, _)) = texts.iter().find(|(_, text)| blank(text)) {
        return Err(Error::invalid(format!(
            "the investigation's {what} has a `{member}` that is empty or blank, so it could match every e-mail: say what to \
             look for, or leave it out"
        )));
    }
    if !has_more && texts.iter().all(|(_, text)| text.is_none()) {
        return Err(Error::invalid(format!(
            "the investigation's {what} looks for nothing, so it could match every e-mail: set a member of it, such as `{}`",
            texts[0].0
        )));
    }
    Ok(())
}
