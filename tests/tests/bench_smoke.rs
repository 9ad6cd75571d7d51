//! The bench measures what it says it measures, in small: every figure and every ratio is there and is a number. How
//! fast anything was is not looked at here.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::process::Command;

use serde_json::Value;
use tests::support::folder;

/// Each has its rate, its latencies and the CPU time of the server and of PostgreSQL.
const CONTENDERS: [&str; 21] = [
    "raw_limit512",
    "cqrs_es_hot_with_snapshots64",
    "cqrs_es_cold64",
    "ours_hot1",
    "ours_hot8",
    "ours_hot64",
    "ours_hot256",
    "ours_cold1",
    "ours_cold8",
    "ours_cold64",
    "ours_cold256",
    "http_hot64",
    "http_hot256",
    "http_me_remembered64",
    "http_me_looked_up64",
    "short_log64",
    "long_log64",
    "long_log_of_strangers64",
    "claims_without_relay64",
    "claims_with_relay64",
    "claims_with_the_broker_away64",
];
/// These are done once, so that they have a rate alone.
const RUNS: [&str; 22] = [
    "replay_ours",
    "replay_not_packed",
    "replay_packing",
    "replay_cqrs_es",
    "served_ours",
    "served_GenericQuery",
    "rebuild_of_member_facts",
    "rebuild_of_referral_tally",
    "rebuild_of_claim_history",
    "rebuild_of_campaign_catalogue",
    "rebuild_of_campaign_windows",
    "rebuild_of_campaign_analytics",
    "rebuild_of_dashboard",
    "rebuild_of_spends",
    "rebuild_of_wallets",
    "rebuild_of_value",
    "rebuild_of_adjustments",
    "rebuild_of_coupons",
    "served_ours_compared",
    "audit_re_evaluate",
    "audit_backtest",
    "relay_catching_up",
];
/// What is said of contenders together, or of what is none.
const FIGURES: [&str; 39] = [
    "points_vs_items",
    "all_on_vs_items",
    "spends_vs_claims",
    "one_wallet64_vs_cold64",
    "claims_beside_spends",
    "spend_over_1000_lots_p99_ms",
    "claims_beside_expiry_vs_without",
    "lots_expired_per_s",
    "replay_vs_postgres_es",
    "replay_not_packed_vs_postgres_es",
    "served_rebuild_vs_generic_query",
    "re_evaluate_per_core_s",
    "backtest_s_for_10m",
    "lag_p50_ms_at_1k",
    "lag_p99_ms_at_1k",
    "lag_p99_ms_busy",
    "claims_me_p99_ms",
    "dashboard_p99_ms",
    "page_overview_p99_ms",
    "page_event_p99_ms",
    "page_claim_p99_ms",
    "page_queue_p99_ms",
    "page_queue_kib",
    "stream_longest_silence_ms",
    "claims_at_10m_vs_10k",
    "claims_beside_old_snapshot_vs_without",
    "claims_of_strangers_at_10m_vs_10k",
    "codes_vs_items",
    "standing_cold_vs_warm",
    "claim_p99_ms_at_1k",
    "relay_vs_claims",
    "claims_with_relay_vs_without",
    "claims_with_broker_away_vs_without",
    "claim_cpu_with_relay_vs_without",
    "broker_cpu_us_an_event",
    "relay_latency_p50_ms_at_1k",
    "relay_latency_p99_ms_at_1k",
    "relay_latency_p50_ms_busy",
    "relay_latency_p99_ms_busy",
];
/// These do without PostgreSQL.
const CONSTANTS: [&str; 2] = ["http_constant64", "http_constant256"];
const RATIOS: [&str; 5] =
    ["hot_vs_limit", "hot64_vs_cqrs_es", "cold64_vs_cqrs_es", "http_hot256_vs_constant", "http_hot64_vs_constant"];

#[test]
fn a_small_run_of_the_bench_yields_every_figure() {
    let file = folder::fresh("bench").join("bench.json");
    let run = Command::new(env!("CARGO_BIN_EXE_bench")).args(["--smoke", "--to"]).arg(&file).output().unwrap();
    let table = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}\n{table}\n{}", run.status, String::from_utf8_lossy(&run.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    // JSON has no NaN and no infinity: they are written as null, and are no numbers here
    let number = |group: &str, name: &str| {
        report[group][name].as_f64().unwrap_or_else(|| panic!("{group}.{name} is missing: {report:#}"))
    };
    for contender in CONTENDERS.iter().chain(&CONSTANTS) {
        for measure in ["per_s", "p50_us", "p99_us"] {
            let name = format!("{contender}_{measure}");
            assert!(number("figures", &name) > 0.0, "{name}: {report:#}");
        }
        // counted in ticks of the system's clock, of which a small run may see none
        assert!(number("figures", &format!("{contender}_own_cpu_us")) >= 0.0);
    }
    for contender in CONTENDERS {
        assert!(number("figures", &format!("{contender}_postgres_cpu_us")) >= 0.0);
    }
    assert!(number("figures", "http_hot256_rss_mib") > 0.0);
    for run in RUNS {
        assert!(number("figures", &format!("{run}_per_s")) > 0.0, "{run}: {report:#}");
    }
    for name in FIGURES {
        assert!(number("figures", name) > 0.0, "{name}: {report:#}");
        assert!(table.contains(name), "{table}");
    }
    assert!(number("slowest_route", "p99_ms") > 0.0, "{report:#}");
    for route in ["GET /claims/me ", "GET /dashboard ", "GET /audit/log ", "POST /activities "] {
        assert!(table.contains(route), "{route} is walked: {table}");
    }
    for name in RATIOS {
        assert!(number("ratios", name) > 0.0, "{name}: {report:#}");
        assert!(table.contains(name), "{table}");
    }
}
