//! Who may call what. A body that is no good shows the right without using it: who may is told about the body, who may
//! not is told nothing else.

use reqwest::Method;
use serde_json::json;
use tests::support::{Client, Stage, programme::id};

const ROLES: [&str; 6] = ["nobody", "member", "service", "operator", "auditor", "admin"];

/// Method, path, and for each of the roles above whether it may: `+` or `-`.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/health/live", "++++++"),
    ("GET", "/health/ready", "++++++"),
    ("GET", "/auth/test", "++++++"),
    ("POST", "/auth/signup", "++++++"),
    ("POST", "/auth/users", "++++++"),
    ("POST", "/auth/login", "++++++"),
    ("GET", "/auth/me", "-+-+++"),
    ("PATCH", "/auth/profile", "-+-+++"),
    ("GET", "/auth/invite-code", "-+-+++"),
    ("PATCH", "/auth/password", "-+-+++"),
    ("DELETE", "/auth/me", "-+-+++"),
    ("POST", "/auth/refresh", "++++++"),
    ("POST", "/auth/logout", "++++++"),
    ("GET", "/auth/users", "---+-+"),
    ("GET", "/auth/users/{id}", "---+-+"),
    ("GET", "/auth/users/email", "---+-+"),
    ("PATCH", "/auth/users/{id}/role", "---+-+"),
    ("PATCH", "/auth/users/{id}/roles", "---+-+"),
    ("POST", "/auth/users/{id}/block", "---+-+"),
    ("POST", "/auth/users/{id}/unblock", "---+-+"),
    ("DELETE", "/auth/users/{id}", "-----+"),
    ("GET", "/claims/me", "-+-+++"),
    ("GET", "/events", "-+++++"),
    ("GET", "/events/{id}", "-+++++"),
    ("GET", "/events/{id}/rewards", "-+++++"),
    ("GET", "/rewards", "-+++++"),
    ("GET", "/rewards/{id}", "-+++++"),
    ("GET", "/rewards/event/{id}", "-+++++"),
    ("POST", "/events", "---+-+"),
    ("PATCH", "/events/{id}", "---+-+"),
    ("POST", "/events/{id}/pause", "---+-+"),
    ("POST", "/events/{id}/resume", "---+-+"),
    ("POST", "/events/{id}/end", "---+-+"),
    ("POST", "/rewards", "---+-+"),
    ("PATCH", "/rewards/{id}", "---+-+"),
    ("POST", "/rewards/POINT", "---+-+"),
    ("POST", "/events/{id}/rewards", "---+-+"),
    ("POST", "/claims/{id}/claim", "-+++-+"),
    ("GET", "/events/{id}/progress", "-+++-+"),
    ("POST", "/events/{id}/request-reward", "-+++-+"),
    ("GET", "/claims/{id}", "-+-+++"),
    ("GET", "/claims/{id}/explanation", "-+-+++"),
    ("GET", "/reward-requests", "-+-+++"),
    ("PATCH", "/reward-requests/{id}", "---+-+"),
    ("POST", "/reward-requests/batch", "---+-+"),
    ("GET", "/claims", "---+++"),
    ("GET", "/claims/filter", "---+++"),
    ("GET", "/claims/user/{id}", "---+++"),
    ("POST", "/activities", "--++-+"),
    ("POST", "/activities/batch", "--++-+"),
    ("POST", "/activities/void", "--++-+"),
    ("GET", "/referrals/me", "-+-+++"),
    ("GET", "/referrals", "---+++"),
    ("POST", "/referrals/{id}/void", "---+-+"),
    ("GET", "/dashboard", "---+++"),
    ("GET", "/dashboard/event-analytics", "---+++"),
    ("GET", "/dashboard/reward-analytics", "---+++"),
    ("GET", "/dashboard/user-analytics", "---+++"),
    ("POST", "/events/backtest", "---+++"),
    ("GET", "/audit/log", "----++"),
    ("GET", "/audit/log?limit=0", "----++"),
    ("GET", "/audit/streams/claim/{id}", "----++"),
    ("GET", "/audit/members/{id}/facts", "----++"),
    ("POST", "/audit/re-evaluations", "----++"),
    ("POST", "/audit/verification", "----++"),
    ("GET", "/audit/verification?unknown=1", "----++"),
    ("GET", "/audit/claims/{id}/re-evaluation", "----++"),
    ("POST", "/events?unknown=1", "---+-+"),
    ("GET", "/claims?unknown=1", "---+++"),
];

#[tokio::test]
async fn every_route_answers_every_role_as_the_table_says() {
    let stage = Stage::shared().await;
    let mut callers = vec![stage.nobody()];
    for role in &ROLES[1..] {
        callers.push(stage.service.demo(role).await);
    }
    let mut wrong = Vec::new();
    for &(method, path, rights) in TABLE {
        for ((caller, role), right) in callers.iter().zip(ROLES).zip(rights.chars()) {
            let status = ask(caller, method, &path.replace("{id}", &id())).await;
            let fits = match right {
                // An id that nobody knows is a 404; on other paths that would be a route that is not there.
                '+' if path.contains("{id}") => matches!(status, 200 | 400 | 404),
                '+' => matches!(status, 200 | 400),
                _ if role == "nobody" => status == 401,
                _ => status == 403,
            };
            if !fits {
                wrong.push(format!("{method} {path} as {role} ({right}): {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn ask(caller: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.parse().unwrap();
    let body = if method == Method::GET { Vec::new() } else { json!({"nonsense": true}).to_string().into_bytes() };
    let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
    caller.send(method, path, headers, body).await.unwrap().status
}

#[tokio::test]
async fn a_refusal_says_which_of_the_two_it_is() {
    let stage = Stage::shared().await;
    stage.nobody().get("/dashboard").await.problem(401, "unauthenticated");
    stage.service.demo("member").await.get("/dashboard").await.problem(403, "forbidden");
    stage.auditor().await.claim(&id()).await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_unknown_route_and_an_unknown_method_are_told_apart() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    admin.get("/nothing/here").await.problem(404, "not_found");
    let answer = admin.send(Method::DELETE, "/events", &[], Vec::new()).await.unwrap();
    answer.problem(405, "method_not_allowed");
    let allowed = answer.header("allow").unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
}
