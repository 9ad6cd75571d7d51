//! The configuration as its users meet it: through clap, on a command line with a subcommand. The
//! environment of the test process is not touched; where it decides, a child process is asked.

use super::{Config, CookieSecure, DEFAULT_REFERRAL_CONDITION, Origin, Setting};
use clap::{CommandFactory, FromArgMatches, Parser};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    role: Role,
}

#[derive(clap::Subcommand)]
enum Role {
    Serve,
}

fn read(arguments: &[&str]) -> (Config, Vec<Setting>) {
    let arguments = [&["reward-ledger"], arguments].concat();
    let matches = Cli::command().try_get_matches_from(arguments).unwrap();
    let cli = Cli::from_arg_matches(&matches).unwrap();
    assert!(matches!(cli.role, Role::Serve));
    let settings = cli.config.settings(&matches);
    (cli.config, settings)
}

#[track_caller]
fn setting(settings: &[Setting], name: &str) -> (String, Origin) {
    let found = settings.iter().find(|setting| setting.name == name).unwrap();
    (found.value.clone(), found.origin)
}

#[test]
fn without_a_word_everything_is_embedded_and_on_the_loopback() {
    let (config, settings) = read(&["serve"]);
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.database().is_none());
    assert!(!config.demo && config.cookie_is_secure());
    assert_eq!(config.referral_condition, DEFAULT_REFERRAL_CONDITION);
    assert!(settings.iter().all(|setting| setting.origin == Origin::Default), "{settings:?}");
    assert_eq!(setting(&settings, "DATABASE_URL").0, "(embedded)");
}

#[test]
fn the_owner_of_the_log_is_another_role_than_its_writer() {
    let refused = |arguments: &[&str]| read(&[&["serve"], arguments].concat()).0.validate().unwrap_err().to_string();
    let alone = refused(&["--database-owner-url=postgres://owner:x@db/ledger"]);
    assert!(alone.contains("DATABASE_OWNER_URL is set without DATABASE_URL"), "{alone}");
    let writer = "--database-url=postgres://writer:x@db/ledger";
    let same = refused(&[writer, "--database-owner-url=postgres://writer:y@db/ledger"]);
    assert!(same.contains("DATABASE_OWNER_URL names the role of DATABASE_URL"), "{same}");
    let unreadable = refused(&[writer, "--database-owner-url=secret"]);
    assert!(unreadable.contains("is not an address") && !unreadable.contains("secret"), "{unreadable}");
    let (config, settings) = read(&["serve", writer, "--database-owner-url=postgres://owner:x@db/ledger"]);
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(setting(&settings, "DATABASE_OWNER_URL").0, "postgres://owner:***@db:5432/ledger");
}

#[test]
fn a_flag_counts_before_and_after_the_subcommand() {
    for arguments in [["--demo", "--listen=[::1]:9", "serve"], ["serve", "--demo", "--listen=[::1]:9"]] {
        let (config, settings) = read(&arguments);
        assert!(config.demo && !config.cookie_is_secure());
        assert_eq!(setting(&settings, "LISTEN"), ("[::1]:9".to_owned(), Origin::Flag));
        assert_eq!(setting(&settings, "DEMO"), ("true".to_owned(), Origin::Flag));
        assert_eq!(config.validate(), Ok(()));
    }
    assert_eq!(read(&["serve", "--listen", "localhost:81"]).0.listen.to_string(), "127.0.0.1:81");
    assert_eq!(read(&["serve", "--cookie-secure=never"]).0.cookie_secure, CookieSecure::Never);
}

const ASKED: &str = "CONFIG_TEST_PRINT";

#[test]
fn the_environment_counts_and_a_flag_wins_over_it() {
    if std::env::var_os(ASKED).is_some() {
        let (_, settings) = read(&["serve", "--kafka-topic", "from.flag"]);
        for setting in settings {
            println!("SET {}={} ({})", setting.name, setting.value, setting.origin);
        }
        return;
    }
    let this = "config::tests::the_environment_counts_and_a_flag_wins_over_it";
    let printed = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .envs([(ASKED, "1"), ("DEMO", "1"), ("LISTEN", "127.0.0.1:81"), ("KAFKA_TOPIC", "from.env")])
        .env("DATABASE_URL", "postgres://ledger:tops3cret@db:5433/rewards")
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    for line in [
        "SET LISTEN=127.0.0.1:81 (environment)",
        "SET DEMO=true (environment)",
        "SET KAFKA_TOPIC=from.flag (flag)",
        "SET DATABASE_URL=postgres://ledger:***@db:5433/rewards (environment)",
        "SET DATA_DIR=.data (default)",
    ] {
        assert!(printed.contains(line), "{line:?} is missing in: {printed}");
    }
    assert!(!printed.contains("tops3cret"));
}

#[test]
fn no_password_is_shown_however_the_address_is_written() {
    for url in [
        "postgres://ledger:tops3cret@db/rewards",
        "postgres://ledger:tops3cret%40@db/rewards?sslmode=require",
        "postgres://ledger@db/rewards?password=tops3cret",
        "postgres://ledger:p@tops3cret/x@db:5432/rewards",
        "postgres://ledger:tops3cret@db:notaport/rewards",
        "ledger:tops3cret",
    ] {
        let (config, settings) = read(&["serve", &format!("--database-url={url}")]);
        let shown = format!("{config:?} {settings:?} {:?} {}", config.validate(), config.database_url_masked());
        assert!(!shown.contains("tops3cret"), "{url}: {shown}");
    }
}

#[test]
fn the_connection_sees_the_schema_of_the_programme() {
    let (config, _) = read(&["serve", "--database-url=postgres://a:b@db/c", "--database-schema=spring"]);
    let options = config.database().unwrap().unwrap();
    assert_eq!(options.get_options(), Some("-c search_path=spring"));
}

#[track_caller]
fn check_refused(flag: &str, name: &str) {
    let (config, _) = read(&["serve", flag]);
    let refused = config.validate().expect_err(flag);
    assert_eq!(refused.0.iter().map(|one| one.name).collect::<Vec<_>>(), [name], "{flag}");
    assert!(!refused.0[0].remedy.is_empty());
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    check_refused("--database-url=", "DATABASE_URL");
    check_refused("--database-url=mysql://a:b@db/c", "DATABASE_URL");
    check_refused("--database-url=postgres://a:b@db:port/c", "DATABASE_URL");
    check_refused("--database-url=postgres://a:p@ss/word@db:5432/c", "DATABASE_URL");
    check_refused("--database-schema=", "DATABASE_SCHEMA");
    check_refused("--database-schema=Spring", "DATABASE_SCHEMA");
    check_refused("--database-schema=a,b", "DATABASE_SCHEMA");
    check_refused("--database-schema=pg_mine", "DATABASE_SCHEMA");
    check_refused("--kafka-brokers=", "KAFKA_BROKERS");
    check_refused("--kafka-brokers=one:9092,", "KAFKA_BROKERS");
    check_refused("--kafka-brokers=one", "KAFKA_BROKERS");
    check_refused("--kafka-brokers=one:0", "KAFKA_BROKERS");
    check_refused("--kafka-brokers=http://one:9092", "KAFKA_BROKERS");
    check_refused("--kafka-topic=", "KAFKA_TOPIC");
    check_refused("--kafka-topic=a b", "KAFKA_TOPIC");
    check_refused("--kafka-ce-source=", "KAFKA_CE_SOURCE");
    check_refused("--kafka-activities-topic=a/b", "KAFKA_ACTIVITIES_TOPIC");
    check_refused(&format!("--kafka-activities-topic={}", "a".repeat(238)), "KAFKA_ACTIVITIES_TOPIC");
    check_refused("--kafka-activities-topic=reward-ledger.events", "KAFKA_ACTIVITIES_TOPIC");
    check_refused("--kafka-topic=reward-ledger.activities.dead-letter", "KAFKA_ACTIVITIES_TOPIC");
    check_refused("--kafka-activities-group=", "KAFKA_ACTIVITIES_GROUP");
    check_refused("--data-dir=", "DATA_DIR");
    check_refused("--token-key-file=", "TOKEN_KEY_FILE");
    check_refused("--codes-key-file=", "CODES_KEY_FILE");
    check_refused("--referral-condition=[1]", "REFERRAL_CONDITION");
    let (good, _) = read(&["serve", "--kafka-brokers=one.example:9092, [::1]:9093"]);
    assert_eq!(good.validate(), Ok(()));
}

#[test]
fn traffic_of_a_demo_without_a_demo_is_refused_with_the_remedy() {
    let refused = read(&["serve", "--demo-traffic"]).0.validate().unwrap_err().to_string();
    assert!(
        refused.contains("DEMO_TRAFFIC is on while DEMO is off: unset DEMO_TRAFFIC, or set DEMO=true"),
        "{refused}"
    );
    let (config, settings) = read(&["serve", "--demo", "--demo-traffic"]);
    assert_eq!(config.validate(), Ok(()));
    assert_eq!(setting(&settings, "DEMO_TRAFFIC").0, "true");
    assert_eq!(setting(&settings, "DEMO_HISTORY"), ("true".to_owned(), Origin::Default));
}

#[test]
fn a_demo_that_others_can_reach_is_refused_with_the_remedy() {
    let (config, _) = read(&["serve", "--demo", "--listen=0.0.0.0:8080"]);
    let refused = config.validate().unwrap_err().to_string();
    assert!(refused.contains("DEMO is on while LISTEN is 0.0.0.0:8080"), "{refused}");
    assert!(refused.contains("set DEMO=false"), "{refused}");
    // a proxy on the machine makes a loopback address public
    let (config, _) = read(&["serve", "--demo", "--trusted-proxies=127.0.0.1/32"]);
    let refused = config.validate().unwrap_err().to_string();
    assert!(refused.contains("DEMO is on while TRUSTED_PROXIES is 127.0.0.1/32"), "{refused}");
    assert!(refused.contains("set DEMO=false, or unset TRUSTED_PROXIES"), "{refused}");
    assert_eq!(read(&["serve", "--trusted-proxies=127.0.0.1/32"]).0.validate(), Ok(()));
}

#[track_caller]
fn check_exposed(flags: &[&str], names: &[&str]) {
    let (config, _) = read(&[&["serve"], flags].concat());
    let found = config.validate().err().map_or_else(Vec::new, |refused| refused.0);
    assert_eq!(found.iter().map(|one| one.name).collect::<Vec<_>>(), names, "{flags:?}: {found:?}");
    assert!(found.iter().all(|one| one.remedy.len() > 10), "{found:?}");
}

#[test]
fn what_is_open_to_everybody_is_refused_where_others_can_reach_it() {
    const KAFKA: &str = "--kafka=off";
    for public in ["--listen=0.0.0.0:80", "--listen=192.0.2.7:80", "--listen=[::]:80", "--trusted-proxies=10.0.0.0/8"] {
        check_exposed(&[public, KAFKA], &[]);
        check_exposed(&[public, KAFKA, "--rate-limits=off"], &["RATE_LIMITS"]);
        check_exposed(&[public, KAFKA, "--cookie-secure=never"], &["COOKIE_SECURE"]);
        check_exposed(&[public, KAFKA, "--cors-origins=https://a.example,*"], &["CORS_ORIGINS"]);
        check_exposed(
            &[public, KAFKA, "--rate-limits=off", "--cookie-secure=never", "--cors-origins=*"],
            &["RATE_LIMITS", "COOKIE_SECURE", "CORS_ORIGINS"],
        );
    }
    check_exposed(&["--rate-limits=off", "--cookie-secure=never", "--cors-origins=*"], &[]);
    for everybody in ["0.0.0.0/0", "::/0", "10.0.0.0/8,128.0.0.0/1", "::ffff:0:0/96", "2000::/3"] {
        let proxies = format!("--trusted-proxies={everybody}");
        check_exposed(&["--listen=0.0.0.0:80", KAFKA, &proxies], &["TRUSTED_PROXIES"]);
        check_exposed(&[&proxies], &[]);
    }
    check_exposed(&["--listen=0.0.0.0:80", KAFKA, "--trusted-proxies=10.0.0.0/8,fd00::/8,::ffff:10.1.0.0/112"], &[]);
}

#[test]
fn a_demo_has_no_figures_that_others_can_reach() {
    check_exposed(&["--demo", "--metrics-listen=0.0.0.0:9000"], &["METRICS_LISTEN"]);
    check_exposed(&["--demo", "--metrics-listen=127.0.0.1:9000"], &[]);
    check_exposed(&["--metrics-listen=0.0.0.0:9000"], &[]);
}

#[test]
fn a_service_that_others_can_reach_says_which_kafka_it_has_or_that_it_has_none() {
    const PUBLIC: &str = "--listen=0.0.0.0:80";
    check_exposed(&[PUBLIC], &["KAFKA_BROKERS"]);
    check_exposed(&[PUBLIC, "--kafka-brokers=kafka:9092"], &[]);
    check_exposed(&[PUBLIC, "--kafka=off"], &[]);
    check_exposed(&["--kafka=off", "--kafka-brokers=kafka:9092"], &["KAFKA"]);
    let (config, settings) = read(&["serve", "--kafka=off"]);
    assert!(config.kafka().is_none() && config.named_topic().is_none());
    assert_eq!(setting(&settings, "KAFKA"), ("off".to_owned(), Origin::Flag));
    assert_eq!(setting(&settings, "KAFKA_BROKERS").0, "(none)");
    let refused = read(&["serve", PUBLIC]).0.validate().unwrap_err().to_string();
    assert!(refused.contains("KAFKA=off"), "the remedy is named: {refused}");
}

#[test]
fn proxies_and_origins_are_read_before_the_service_starts() {
    let (config, settings) =
        read(&["serve", "--trusted-proxies=10.0.0.0/8, ::1", "--cors-origins=https://a.example, https://b.example"]);
    assert_eq!(config.validate(), Ok(()));
    assert_eq!((config.proxies().unwrap().0.len(), config.cors_origins().unwrap().len()), (2, 2));
    assert_eq!(setting(&settings, "RATE_LIMITS").0, "default");
    for wrong in ["--trusted-proxies=10.0.0.0/33", "--cors-origins=a.example", "--cors-origins=https://a.example/b"] {
        assert!(read(&["serve", wrong]).0.validate().is_err(), "{wrong}");
    }
    assert_eq!(setting(&read(&["--demo", "serve"]).1, "RATE_LIMITS").0, "off");
    assert_eq!(setting(&read(&["--demo", "--rate-limits=default", "serve"]).1, "RATE_LIMITS").0, "default");
}

#[track_caller]
fn check_secured(flags: &[&str], expected: &[(&str, &str)]) {
    let (config, _) = read(&[&["serve", "--kafka-brokers=kafka:9093"], flags].concat());
    let found = config.validate().err().map_or_else(Vec::new, |refused| refused.0);
    let found: Vec<_> = found.iter().map(|one| (one.name, one.to_string())).collect();
    let names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{flags:?}: {found:?}");
    for ((_, text), (_, words)) in found.iter().zip(expected) {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn options_of_a_secured_kafka_that_do_not_fit_together_are_refused_by_name() {
    const SASL: [&str; 4] = [
        "--kafka-security-protocol=SASL_PLAINTEXT",
        "--kafka-sasl-mechanism=plain",
        "--kafka-sasl-username=ledger",
        "--kafka-sasl-password=tops3cret",
    ];
    check_secured(&[], &[]);
    check_secured(&SASL, &[]);
    check_secured(&SASL[..1], &[("KAFKA_SASL_MECHANISM", "sasl_plaintext")]);
    check_secured(&SASL[..2], &[("KAFKA_SASL_USERNAME", "not set"), ("KAFKA_SASL_PASSWORD", "environment")]);
    check_secured(
        &SASL[1..],
        &[("KAFKA_SASL_MECHANISM", "is set while KAFKA_SECURITY_PROTOCOL is plaintext: set KAFKA_SECURITY_PROTOCOL")],
    );
    check_secured(&["--kafka-sasl-password=tops3cret"], &[("KAFKA_SASL_PASSWORD", "without a KAFKA_SASL_MECHANISM")]);
    check_secured(&["--kafka-ssl-ca-location=ca.pem"], &[("KAFKA_SSL_CA_LOCATION", "ssl or sasl_ssl, or unset it")]);
    check_secured(
        &[&SASL[..], &["--kafka-sasl-kerberos-keytab=ledger.keytab"]].concat(),
        &[("KAFKA_SASL_KERBEROS_KEYTAB", "GSSAPI")],
    );
    check_secured(&[&SASL[..3], &["--kafka-sasl-password= "]].concat(), &[("KAFKA_SASL_PASSWORD", "is empty")]);
    let (embedded, _) = read(&[&["serve"][..], &SASL].concat());
    let refused = embedded.validate().unwrap_err().to_string();
    assert!(refused.contains("KAFKA_SECURITY_PROTOCOL is set while KAFKA_BROKERS is not"), "{refused}");
}

#[test]
fn what_this_build_cannot_speak_is_refused_with_the_name_of_the_feature() {
    let tls = ["--kafka-security-protocol=sasl_ssl", "--kafka-sasl-mechanism=SCRAM-SHA-512"];
    let rest = ["--kafka-sasl-username=ledger", "--kafka-sasl-password=tops3cret", "--kafka-ssl-ca-location=ca.pem"];
    let lacking = [("KAFKA_SECURITY_PROTOCOL", "--features kafka-secure"), ("KAFKA_SASL_MECHANISM", "`kafka-secure`")];
    let expected = if cfg!(feature = "kafka-secure") { &[][..] } else { &lacking };
    check_secured(&[&tls[..], &rest].concat(), expected);
}

#[test]
fn all_options_of_a_secured_kafka_are_shown_and_its_secrets_are_not() {
    let (config, settings) = read(&[
        "serve",
        "--kafka-brokers=kafka:9093",
        "--kafka-security-protocol=sasl_ssl",
        "--kafka-sasl-mechanism=PLAIN",
        "--kafka-sasl-username=ledger",
        "--kafka-sasl-password=tops3cret",
        "--kafka-ssl-key-password=tops3cret",
    ]);
    assert_eq!(setting(&settings, "KAFKA_SECURITY_PROTOCOL"), ("sasl_ssl".to_owned(), Origin::Flag));
    assert_eq!(setting(&settings, "KAFKA_SASL_USERNAME"), ("ledger".to_owned(), Origin::Flag));
    assert_eq!(setting(&settings, "KAFKA_SASL_PASSWORD"), ("***".to_owned(), Origin::Flag));
    assert_eq!(setting(&settings, "KAFKA_SSL_CA_LOCATION"), ("(none)".to_owned(), Origin::Default));
    let brokers = config.kafka().unwrap();
    let client = brokers.client();
    for (option, value) in
        [("security.protocol", "sasl_ssl"), ("sasl.mechanism", "PLAIN"), ("sasl.password", "tops3cret")]
    {
        assert_eq!(client.get(option), Some(value));
    }
    let shown = format!("{config:?} {settings:?} {:?} {brokers:?}", config.validate());
    assert!(!shown.contains("tops3cret"), "{shown}");
}
