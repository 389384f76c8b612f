//! The enrolment of the employee in a training.

use keepnet_api::training::NewEnrollment;
use keepnet_api::types::CreateTargetUserRequest;
use keepnet_api::{Client, SearchRequest};
use push_security_api::types::Employee;

use crate::Outcome;

/// Adds the employee, enrols them in a training about phishing, and returns the id of the enrolment.
pub(crate) async fn enrol(keepnet: &Client, employee: &Employee, email: &str) -> Outcome<String> {
    let mut user = CreateTargetUserRequest::new(email).is_active(true);
    user.first_name.clone_from(&employee.first_name);
    user.last_name.clone_from(&employee.last_name);
    user.department.clone_from(&employee.department);
    let person = keepnet.target_users().upsert(&user).await?;
    println!("{email} is a target user ({:?}).", person.change);

    let mut trainings = keepnet
        .trainings()
        .search(SearchRequest::new().text("phishing"))
        .items();
    let training = trainings.try_next().await?;
    let training = training.ok_or("there is no training about phishing")?;
    let id = training.training_id.ok_or("the training has no id")?;
    let enrolment = NewEnrollment::new(format!("After a stolen credential: {email}"), id);
    let enrolment = keepnet
        .enrollments()
        .enroll(enrolment.users([person.id]))
        .await?;
    println!(
        "  Enrolled in {:?}.",
        training.training_name.as_deref().unwrap_or("a training")
    );
    let state = keepnet.enrollments().state(&enrolment).await?;
    println!(
        "  Its status is {}.\n",
        state.status.as_deref().unwrap_or("unknown")
    );
    Ok(enrolment)
}
