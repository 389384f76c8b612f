//! The objects of the API, as they go over the wire.

use serde::{Serialize, Serializer};

use crate::core::random::Id;

/// A closed set of words.
pub(crate) trait Word: Copy + PartialEq + 'static {
    const ALL: &'static [Self];

    fn text(self) -> &'static str;

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.text() == text)
    }

    /// All words, for a message.
    fn listed() -> String {
        let words: Vec<_> = Self::ALL.iter().map(|word| word.text()).collect();
        words.join(", ")
    }
}

// The words are documented, or were seen in public samples.
macro_rules! words {
    ($($name:ident { $($variant:ident = $text:literal,)+ })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)+ }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text())
            }
        }
    )+};
}

words! {
    BrowserType {
        Chrome = "CHROME", Firefox = "FIREFOX", Edge = "EDGE", Safari = "SAFARI", Opera = "OPERA",
        Brave = "BRAVE", Arc = "ARC", Island = "ISLAND", PrismaAccess = "PRISMA_ACCESS",
        Unknown = "UNKNOWN",
    }
    OsType {
        Macos = "MACOS", Windows = "WINDOWS", Linux = "LINUX", ChromeOs = "CHROME_OS",
        Ios = "IOS", Android = "ANDROID", Unknown = "UNKNOWN",
    }
    TokenType { Individual = "INDIVIDUAL", Team = "TEAM", LandingPage = "LANDING_PAGE", }
    MfaMethod {
        AppTotp = "APP_TOTP", PushNotification = "PUSH_NOTIFICATION", EmailOtp = "EMAIL_OTP",
        U2f = "U2F", HardwareTotp = "HARDWARE_TOTP", PhoneCall = "PHONE_CALL", SmsOtp = "SMS_OTP",
        AppPassword = "APP_PASSWORD", GridCard = "GRID_CARD",
        ExternalProvider = "EXTERNAL_PROVIDER", BackupCodes = "BACKUP_CODES",
        Webauthn = "WEBAUTHN",
    }
    LoginMethod {
        UsernamePassword = "USERNAME_PASSWORD", OktaSwa = "OKTA_SWA", Oidc = "OIDC",
        Saml = "SAML", FedCm = "FEDCM",
    }
    ApprovalStatus {
        UnderReview = "UNDER_REVIEW", Approved = "APPROVED", NotApproved = "NOT_APPROVED",
    }
    SensitivityLevel { High = "HIGH", Medium = "MEDIUM", Low = "LOW", }
    FindingType {
        MfaNotRegistered = "MFA_NOT_REGISTERED", ReusedPassword = "REUSED_PASSWORD",
        SharedAccount = "SHARED_ACCOUNT", UnusedThirdPartyApp = "UNUSED_THIRD_PARTY_APP",
        WeakPassword = "WEAK_PASSWORD", LeakedPassword = "LEAKED_PASSWORD",
        PasswordManagerNotUsed = "PASSWORD_MANAGER_NOT_USED",
        StolenCredentials = "STOLEN_CREDENTIALS",
    }
    FindingState { Open = "OPEN", Resolved = "RESOLVED", }
    Severity { Low = "LOW", Medium = "MEDIUM", High = "HIGH", Critical = "CRITICAL", }
    DetectionType {
        Phishing = "PHISHING", StolenCredentials = "STOLEN_CREDENTIALS",
        BlockedUrl = "BLOCKED_URL", MalwareDelivery = "MALWARE_DELIVERY",
    }
    DeploymentMode {
        Managed = "MANAGED", Development = "DEVELOPMENT", Manual = "MANUAL",
        Sideload = "SIDELOAD", Other = "OTHER",
    }
}

/// Something with a table of its own.
pub(crate) trait Record: Serialize {
    fn id(&self) -> Id;
}

macro_rules! records {
    ($($name:ty),+ $(,)?) => {$(
        impl Record for $name {
            fn id(&self) -> Id {
                self.id
            }
        }
    )+};
}

records!(
    Employee,
    Browser,
    Account,
    App,
    AccountOther,
    AppOther,
    BrowserExtension,
    Finding,
    Detection
);

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Employee {
    pub(crate) id: Id,
    pub(crate) email: String,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) department: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<&'static str>,
    pub(crate) licensed: bool,
    pub(crate) creation_timestamp: i64,
    pub(crate) chatops_enabled: bool,
    /// Absent where the employee is embedded in another object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<Vec<String>>,
}

impl Employee {
    /// The employee as other objects embed it.
    pub(crate) fn embedded(&self) -> Box<Self> {
        Box::new(Self {
            groups: None,
            ..self.clone()
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Browser {
    pub(crate) id: Id,
    pub(crate) employee_id: Id,
    pub(crate) email: String,
    pub(crate) version: String,
    pub(crate) token_type: TokenType,
    pub(crate) is_active: bool,
    pub(crate) browser: BrowserType,
    pub(crate) os: OsType,
    pub(crate) extension_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile_sync_enabled: Option<bool>,
    pub(crate) creation_timestamp: i64,
    pub(crate) last_online_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginMethods {
    pub(crate) password_login: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_password_login_timestamp: Option<i64>,
    pub(crate) oidc_login: Option<&'static str>,
    pub(crate) saml_login: Option<&'static str>,
    pub(crate) okta_swa_login: bool,
    pub(crate) vendor_sso_login: Option<&'static str>,
    pub(crate) fed_cm_login: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) id: Id,
    pub(crate) employee_id: Id,
    pub(crate) app_type: String,
    pub(crate) app_id: Id,
    pub(crate) email: String,
    pub(crate) mfa_registered: Option<bool>,
    pub(crate) mfa_methods: Option<Vec<MfaMethod>>,
    pub(crate) password_id: Option<Id>,
    pub(crate) login_methods: LoginMethods,
    pub(crate) creation_timestamp: i64,
    pub(crate) last_used_timestamp: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountOther {
    pub(crate) id: Id,
    pub(crate) employee_id: Id,
    pub(crate) other_app_id: Id,
    pub(crate) email: String,
    pub(crate) login_methods: LoginMethods,
    pub(crate) password_id: Option<Id>,
    pub(crate) creation_timestamp: i64,
    pub(crate) last_used_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) id: Id,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) approval_status: Option<ApprovalStatus>,
    pub(crate) sensitivity_level: Option<SensitivityLevel>,
    pub(crate) owner_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notes: Option<String>,
    pub(crate) website: String,
    pub(crate) description: String,
    pub(crate) friendly_name: String,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) creation_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppOther {
    pub(crate) id: Id,
    pub(crate) domain: String,
    pub(crate) request_support_status: &'static str,
    pub(crate) hidden: bool,
    pub(crate) creation_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    pub(crate) id: Id,
    #[serde(rename = "type")]
    pub(crate) kind: FindingType,
    pub(crate) state: FindingState,
    pub(crate) employee_id: Option<Id>,
    pub(crate) password_id: Option<Id>,
    pub(crate) account_id: Option<Id>,
    pub(crate) app_type: Option<String>,
    pub(crate) app_id: Option<Id>,
    pub(crate) weak_password_reasons: Option<Vec<&'static str>>,
    pub(crate) creation_timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detection {
    pub(crate) id: Id,
    pub(crate) employee_id: Id,
    pub(crate) employee: Box<Employee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_id: Option<Id>,
    pub(crate) severity: Severity,
    pub(crate) detection_type: DetectionType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<&'static str>,
    pub(crate) archived: bool,
    pub(crate) detection_link: String,
    pub(crate) creation_timestamp: i64,
    pub(crate) last_activity_timestamp: i64,
}

impl Detection {
    pub(crate) fn link(id: Id) -> String {
        format!("https://console.example.com/app/detections?id={id}")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrowserExtension {
    pub(crate) id: Id,
    pub(crate) extension_id: &'static str,
    pub(crate) employee_id: Id,
    pub(crate) browser_id: Id,
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'static str>,
    pub(crate) version: String,
    pub(crate) deployment_mode: DeploymentMode,
    pub(crate) permissions: &'static [&'static str],
    pub(crate) host_permissions: &'static [&'static str],
    pub(crate) enabled: bool,
    pub(crate) creation_timestamp: i64,
}

/// The collections of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    Accounts,
    AccountsOther,
    Apps,
    AppsOther,
    BrowserExtensions,
    Browsers,
    Detections,
    Employees,
    Findings,
}

impl Collection {
    pub(crate) const ALL: [Self; 9] = [
        Self::Accounts,
        Self::AccountsOther,
        Self::Apps,
        Self::AppsOther,
        Self::BrowserExtensions,
        Self::Browsers,
        Self::Detections,
        Self::Employees,
        Self::Findings,
    ];

    /// Its segment of the path.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AccountsOther => "accountsOther",
            Self::Apps => "apps",
            Self::AppsOther => "appsOther",
            Self::BrowserExtensions => "browserExtensions",
            Self::Browsers => "browsers",
            Self::Detections => "detections",
            Self::Employees => "employees",
            Self::Findings => "findings",
        }
    }
}
