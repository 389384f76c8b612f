//! Addresses of the people who are told of a push.

use security_api_transport::Error;

/// How many people one call can notify.
const RECIPIENTS: usize = 5;

/// The addresses in the service's form.
///
/// # Errors
/// If there are too many, or one is invalid or repeated. No address is in the error.
pub(crate) fn recipients(field: &str, addresses: &[String]) -> Result<Option<String>, Error> {
    if addresses.len() > RECIPIENTS {
        return Err(Error::invalid(format!(
            "`{field}`: {} addresses; at most {RECIPIENTS} people can be told",
            addresses.len()
        )));
    }
    for (index, address) in addresses.iter().enumerate() {
        let wrong = |what: &str| {
            Err(Error::invalid(format!(
                "`{field}`: address {} {what}",
                index + 1
            )))
        };
        if !is_address(address) {
            return wrong(
                "is not an e-mail address that the service takes: one address without blanks, of letters of ASCII, \
                 digits and `._%+-`, at a domain such as `example.com`; an international domain is written as `xn--…`",
            );
        }
        if addresses[..index]
            .iter()
            .any(|other| other.eq_ignore_ascii_case(address))
        {
            return wrong("is there twice");
        }
    }
    Ok((!addresses.is_empty()).then(|| addresses.join(",")))
}

/// Whether the service accepts the address: `[\w.%+-]+@([\w-]+\.)+\w{2,}`, where `\w` is an ASCII letter or digit or
/// `_`.
fn is_address(address: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some((local, host)) = address.split_once('@') else {
        return false;
    };
    let Some((domain, top)) = host.rsplit_once('.') else {
        return false;
    };
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| is_word(c) || c == '-');
    !local.is_empty()
        && local.chars().all(|c| is_word(c) || ".%+-".contains(c))
        && domain.split('.').all(is_label)
        && top.len() >= 2
        && top.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_people_are_told_as_the_service_takes() {
        let people: Vec<_> = (1..=6)
            .map(|number| format!("p{number}@example.com"))
            .collect();
        assert_eq!(recipients("to", &[]).unwrap(), None);
        let five = recipients("to", &people[..5]).unwrap().unwrap();
        assert_eq!(five.split(',').collect::<Vec<_>>(), people[..5]);
        let error = recipients("to", &people).unwrap_err().to_string();
        assert!(
            error.contains("6 addresses") && !error.contains('@'),
            "{error}"
        );
    }

    #[test]
    fn addresses_are_those_that_the_service_takes() {
        for address in ["a@example.com", "a.b+c%d@sub.example-1.org", "_@xn--e1a.fr"] {
            assert!(is_address(address), "{address}");
        }
        for other in [
            "",
            "a",
            "a@b",
            "@example.com",
            "a@.com",
            "a@example.c",
            "a b@example.com",
            "a@@example.com",
            "é@example.fr",
            "a@exämple.fr",
            "a@example.com\n",
            "a@b.com,c@d.com",
            "a@example.co-m",
        ] {
            assert!(!is_address(other), "{other}");
        }
    }
}
