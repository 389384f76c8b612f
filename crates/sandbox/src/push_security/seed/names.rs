//! What the seeded organisation's people, places and things are called.

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Aaron", "Abigail", "Adam", "Aisha", "Alice", "Amara", "Andre", "Anita", "Anna", "Arjun",
    "Beatrice", "Ben", "Camila", "Carlos", "Chen", "Chloe", "Clara", "Daniel", "David", "Diana",
    "Elena", "Emma", "Eric", "Fatima", "Felix", "Gabriel", "Grace", "Hannah", "Hugo", "Ines",
    "Isaac", "Ivan", "James", "Jana", "John", "Julia", "Kenji", "Laura", "Leo", "Lina", "Lucas",
    "Maria", "Marta", "Mei", "Miguel", "Nadia", "Nina", "Noah", "Olga", "Omar", "Paula", "Peter",
    "Priya", "Rosa", "Samir", "Sara", "Sofia", "Thomas", "Tariq", "Uma", "Victor", "Wendy", "Yara",
    "Zoe",
];

pub(crate) const LAST_NAMES: &[&str] = &[
    "Abbott", "Adeyemi", "Almeida", "Andersen", "Bauer", "Becker", "Bell", "Bennett", "Berg",
    "Brooks", "Carter", "Castro", "Chan", "Cohen", "Costa", "Cruz", "Dahl", "Diaz", "Dubois",
    "Edwards", "Eriksen", "Evans", "Fischer", "Foster", "Garcia", "Gomez", "Gray", "Gupta", "Haas",
    "Hansen", "Hill", "Hoffman", "Hughes", "Ibrahim", "Ito", "Jansen", "Jones", "Kaya", "Keller",
    "Khan", "Kim", "Kovacs", "Kumar", "Larsen", "Lee", "Lopez", "Maier", "Martin", "Meyer",
    "Mills", "Moreau", "Morgan", "Nakamura", "Nguyen", "Novak", "Okafor", "Olsen", "Ortega",
    "Park", "Patel", "Perez", "Petrov", "Price", "Quinn", "Ramos", "Reed", "Ricci", "Rossi",
    "Russo", "Santos", "Sato", "Schmidt", "Shah", "Silva", "Singh", "Smith", "Sousa", "Stone",
    "Suzuki", "Tanaka", "Taylor", "Torres", "Turner", "Vargas", "Vogel", "Walker", "Wang", "Weber",
    "White", "Wilson", "Wolf", "Wong", "Wright", "Young", "Yilmaz", "Zhang",
];

pub(crate) const DEPARTMENTS: &[&str] = &[
    "Engineering",
    "Security Engineering",
    "Sales",
    "Marketing",
    "Finance",
    "Legal",
    "Human Resources",
    "Customer Success",
    "Product",
    "Design",
    "IT Operations",
    "Data Science",
];

pub(crate) const LOCATIONS: &[&str] = &[
    "New York",
    "London",
    "Berlin",
    "Lisbon",
    "Singapore",
    "Toronto",
    "Sydney",
    "Austin",
    "Warsaw",
    "Remote",
];

pub(crate) const GROUPS: &[&str] = &[
    "All staff",
    "Engineering",
    "Contractors",
    "Privileged access",
    "Finance approvers",
    "Phishing training",
    "Beta testers",
    "Executives",
];

pub(crate) const LANGUAGES: &[&str] = &[
    "en-US", "en-GB", "de-DE", "fr-FR", "pt-BR", "es-ES", "ja-JP",
];

pub(crate) const EXTENSION_VERSIONS: &[&str] =
    &["1.66.17", "1.66.12", "1.65.4", "1.64.0", "1.61.9"];

pub(crate) const IDENTITY_PROVIDERS: &[&str] = &["GOOGLE_WORKSPACE", "MICROSOFT_365", "OKTA"];

/// Apps the service knows by a key of their own, with the name people use.
pub(crate) const APPS: &[(&str, &str)] = &[
    ("ATLASSIAN", "Atlassian"),
    ("SLACK", "Slack"),
    ("GITHUB", "GitHub"),
    ("OPENAI", "OpenAI"),
    ("ZAPIER", "Zapier"),
    ("SALESFORCE", "Salesforce"),
    ("HUBSPOT", "HubSpot"),
    ("ZOOM", "Zoom"),
    ("DROPBOX", "Dropbox"),
    ("NOTION", "Notion"),
    ("FIGMA", "Figma"),
    ("MIRO", "Miro"),
    ("ASANA", "Asana"),
    ("TRELLO", "Trello"),
    ("CANVA", "Canva"),
    ("DOCUSIGN", "DocuSign"),
    ("ZENDESK", "Zendesk"),
    ("INTERCOM", "Intercom"),
    ("MAILCHIMP", "Mailchimp"),
    ("STRIPE", "Stripe"),
    ("TWILIO", "Twilio"),
    ("DATADOG", "Datadog"),
    ("PAGERDUTY", "PagerDuty"),
    ("SENTRY", "Sentry"),
    ("GITLAB", "GitLab"),
    ("CLOUDFLARE", "Cloudflare"),
    ("AIRTABLE", "Airtable"),
    ("MONDAY", "monday.com"),
    ("CALENDLY", "Calendly"),
    ("LOOM", "Loom"),
    ("GRAMMARLY", "Grammarly"),
    ("LINKEDIN", "LinkedIn"),
    ("WORKDAY", "Workday"),
    ("BAMBOOHR", "BambooHR"),
    ("XERO", "Xero"),
    ("SNOWFLAKE", "Snowflake"),
    ("TABLEAU", "Tableau"),
    ("BOX", "Box"),
    ("WEBFLOW", "Webflow"),
    ("MEDIUM", "Medium"),
];

/// Combined, these name the apps beyond [`APPS`].
pub(crate) const APP_FIRST_WORDS: &[&str] = &[
    "Amber", "Birch", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo",
    "Juniper", "Kestrel", "Lumen", "Maple", "Nimbus", "Onyx", "Prairie",
];

pub(crate) const APP_SECOND_WORDS: &[&str] = &[
    "Boards", "Cloud", "Desk", "Docs", "Flow", "Forms", "Ledger", "Mail", "Notes", "Planner",
    "Sign", "Survey",
];

pub(crate) const APP_LABELS: &[&str] = &[
    "GenAI",
    "marketing",
    "collaboration",
    "development",
    "finance",
    "storage",
    "analytics",
    "communication",
];

pub(crate) const APP_NOTES: &[&str] = &[
    "Owner asked to move to single sign-on.",
    "Contract ends this year.",
    "Personal accounts are to be closed.",
    "Approved for public data only.",
];

/// A browser extension: its store id, name, description, permissions and host
/// permissions.
pub(crate) type Extension = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

pub(crate) const EXTENSIONS: &[Extension] = &[
    (
        "gmbgaklkmjakoegficnlkhebmhkjfich",
        "Privacy Badger",
        "Learns to block trackers",
        &["cookies", "storage", "tabs", "webNavigation", "webRequest"],
        &["<all_urls>"],
    ),
    (
        "abcdefghijklmnopabcdefghijklmnop",
        "Ad Filter",
        "Hides advertisements",
        &["declarativeNetRequest", "scripting", "storage"],
        &["<all_urls>"],
    ),
    (
        "bcdefghijklmnopabcdefghijklmnopa",
        "Grammar Helper",
        "Checks spelling as you type",
        &["scripting", "storage", "notifications"],
        &["http://*/*", "https://*/*"],
    ),
    (
        "cdefghijklmnopabcdefghijklmnopab",
        "Password Vault",
        "Fills in passwords",
        &["contextMenus", "idle", "privacy", "storage", "tabs"],
        &["<all_urls>"],
    ),
    (
        "defghijklmnopabcdefghijklmnopabc",
        "Meeting Notes",
        "Writes minutes of calls",
        &["activeTab", "storage", "tabCapture"],
        &["https://meet.example.com/*"],
    ),
    (
        "efghijklmnopabcdefghijklmnopabcd",
        "Tab Tidy",
        "Groups open tabs",
        &["sessions", "storage", "tabGroups", "tabs"],
        &[],
    ),
    (
        "fghijklmnopabcdefghijklmnopabcde",
        "Screen Clip",
        "Takes screenshots of pages",
        &["activeTab", "downloads", "storage"],
        &[],
    ),
    (
        "ghijklmnopabcdefghijklmnopabcdef",
        "Coupon Finder",
        "Looks for discounts in shops",
        &["cookies", "history", "storage", "tabs", "webRequest"],
        &["<all_urls>"],
    ),
    (
        "hijklmnopabcdefghijklmnopabcdefg",
        "Dark Pages",
        "Gives pages a dark background",
        &["scripting", "storage"],
        &["<all_urls>"],
    ),
    (
        "ijklmnopabcdefghijklmnopabcdefgh",
        "Page Translator",
        "Translates the page",
        &["activeTab", "contextMenus", "storage"],
        &["https://translate.example.com/*"],
    ),
    (
        "jklmnopabcdefghijklmnopabcdefghi",
        "Mail Tracker",
        "Tells when a message was opened",
        &["identity", "storage", "webRequest"],
        &["https://mail.example.com/*"],
    ),
    (
        "klmnopabcdefghijklmnopabcdefghij",
        "Developer Panel",
        "Inspects components of a page",
        &["debugger", "scripting", "storage"],
        &["http://localhost/*"],
    ),
    (
        "lmnopabcdefghijklmnopabcdefghijk",
        "Proxy Switch",
        "Changes proxies by rule",
        &["proxy", "storage", "tabs", "webRequest"],
        &["<all_urls>"],
    ),
    (
        "mnopabcdefghijklmnopabcdefghijkl",
        "AI Sidebar",
        "Answers questions about the page",
        &["clipboardRead", "scripting", "sidePanel", "storage"],
        &["https://*/*"],
    ),
];

pub(crate) const SITE_WORDS: &[&str] = &[
    "accounts", "booking", "catering", "courses", "forum", "freight", "gallery", "grants",
    "hosting", "invoices", "jobs", "library", "meetups", "parts", "payroll", "polls", "portal",
    "print", "recipes", "shop", "surveys", "tickets", "travel", "wiki",
];
