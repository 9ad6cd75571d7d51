//! The texts of all pages: each folder with its two languages.

macro_rules! messages {
    ($( $folder:literal ),+ $(,)?) => {
        /// The folder, English, Korean.
        pub(super) const ALL: &[(&str, &str, &str)] = &[$( (
            $folder,
            include_str!(concat!("../", $folder, "/en.ftl")),
            include_str!(concat!("../", $folder, "/ko.ftl")),
        ) ),+];
    };
}

messages! {
    "text",
    "shell",
    "sign_in",
    "send_again",
    "charts",
    "sign_up",
    "settings",
    "me",
    "editor",
    "budgets",
    "event",
    "events",
    "overview",
    "part",
    "reward",
    "rewards",
    "rule",
    "stock",
    "value",
    "proof",
    "log",
    "verification",
    "operations",
    "evidence",
    "decide",
    "approvals",
    "claim",
    "members",
    "member",
    "claims",
    "wallet",
    "adjustments",
    "coupons",
}
