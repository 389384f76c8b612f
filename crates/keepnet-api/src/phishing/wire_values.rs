//! Numbers by which the service tells kinds apart.

/// `scheduleTypeId`.
pub(super) const NOW: i32 = 1;
pub(super) const SAVED: i32 = 2;
/// The distribution that the vendor's documentation shows for what is sent at once. None of these numbers may be
/// absent, because the service reads an absent number as 0.
pub(super) const DELAY: i32 = 0;
pub(super) const DELAY_UNIT: i32 = 1;
pub(super) const NO_LIMIT: i32 = 0;
/// `emailDeliverySettingType`.
pub(super) const SMTP: i32 = 1;
pub(super) const DIRECT: i32 = 2;
