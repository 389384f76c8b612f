//! Incident response: finds and deletes the copies of a reported e-mail in other mailboxes.
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
//! use keepnet_api::SearchRequest;
//! use keepnet_api::incident_response::{Deletion, NewInvestigation, ReportedEmails};
//! use keepnet_api::types::NotifiedEmailResult;
//!
//! let mut open = keepnet.notified_emails().search(ReportedEmails::open()).items();
//! while let Some(row) = open.try_next().await? {
//!     let Some(id) = row.resource_id else { continue };
//!     let email = keepnet.notified_emails().get(&id).await?;
//!     // The decision is yours; here, the service's own analysis.
//!     if email.result != Some(NotifiedEmailResult::Phishing) {
//!         continue;
//!     }
//!     let search = NewInvestigation::of_email("Copies of a phishing e-mail", &email);
//!     let investigation = keepnet.investigations().start(search).await?;
//!     keepnet.investigations().wait(&investigation).await?;
//!     let mut found = Vec::new();
//!     let mut copies = keepnet.investigation_results().search_emails(&investigation, SearchRequest::new()).items();
//!     while let Some(copy) = copies.try_next().await? {
//!         found.extend(copy.resource_id);
//!     }
//!     if !found.is_empty() {
//!         keepnet.investigations().delete_emails(&investigation, found, Deletion::ToTrash).await?;
//!     }
//!     keepnet.notified_emails().close(&id, NotifiedEmailResult::Phishing, "Removed").await?;
//! }
//! # Ok(()) }
//! ```

mod investigations;
mod new_investigation;
mod reported_emails;
mod wait;

pub use investigations::Deletion;
pub use new_investigation::NewInvestigation;
pub use reported_emails::ReportedEmails;
