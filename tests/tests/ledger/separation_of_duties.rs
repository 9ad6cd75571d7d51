//! Nobody who runs the programme pays themselves: no facts about oneself, no claims in an event of one's own, no lifting
//! of the own block. A team of one may say that it cannot be otherwise.

use serde_json::{Value, json};
use tests::support::{
    Client, Database, Setup, Stage,
    programme::{activity, anybody, event, reward, unique, with},
};

async fn id_of(caller: &Client) -> String {
    caller.get("/auth/me").await.text("/user/id")
}

#[tokio::test]
async fn nobody_reports_or_voids_a_fact_about_themselves() {
    let stage = Stage::shared().await;
    let (reporter, other) = (stage.reporter().await, stage.newcomer().await);
    for name in ["operator", "admin"] {
        let staff = stage.service.demo(name).await;
        let own = id_of(&staff).await;
        let before = stage.log().await.count("activity.recorded").await;
        staff.report_activity(&activity(&own, "review")).await.problem(403, "own_activity");
        assert_eq!(stage.log().await.count("activity.recorded").await, before, "nothing is written");
        let about = activity(&other, "review");
        let batch = json!({"activities": [activity(&own, "review"), about]});
        let judged = staff.post("/activities/batch", &batch).await;
        let status = |index: usize| judged.json["results"][index]["status"].clone();
        assert_eq!((status(0), status(1)), (json!(403), json!(201)), "{judged}");
        assert_eq!(judged.ok()["results"][0]["code"], "own_activity");

        // a service that knows it may report it, and it takes somebody else to take it out again
        let fact = activity(&own, "review");
        reporter.report_activity(&fact).await.created();
        let void = |fact: &Value| json!({"source": fact["source"], "id": fact["id"], "note": "a slip"});
        staff.post("/activities/void", &void(&fact)).await.problem(403, "own_activity");
        reporter.post("/activities/void", &void(&fact)).await.created();
        staff.post("/activities/void", &void(&about)).await.created();
    }
}

#[tokio::test]
async fn nobody_claims_in_an_event_that_they_have_made_or_changed() {
    let stage = Stage::shared().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    let log = stage.log().await;
    let (made, prize) = operator.create_open_event(None).await;
    let head = log.head().await;
    operator.claim(&prize).await.problem(403, "own_event");
    let asked = json!({"rewardId": prize});
    operator.post(&format!("/events/{made}/request-reward"), &asked).await.problem(403, "own_event");
    let dry = operator.post(&format!("/claims/{prize}/claim?dryRun=true"), &json!({})).await;
    assert_eq!(dry.problem(403, "own_event")["dryRun"], true);
    let own = id_of(&operator).await;
    stage.reporter().await.claim_for(&prize, &own).await.problem(403, "own_event");
    let ours = log.events().await.into_iter().filter(|event| event.position > head && event.payload.contains(&prize));
    assert_eq!(ours.count(), 0, "it is no attempt that is recorded");

    // whoever only looked may claim, until they change something of it
    admin.claim(&prize).await.created();
    for (what, change) in [
        ("reward", json!({"quantityDelta": 1})),
        ("reward", json!({"description": unique()})),
        ("event", json!({"description": unique()})),
    ] {
        let (event, fresh) = operator.create_open_event(Some(5)).await;
        let path = if what == "reward" { format!("/rewards/{fresh}") } else { format!("/events/{event}") };
        admin.post(&format!("/claims/{fresh}/claim?dryRun=true"), &json!({})).await.created();
        admin.patch(&path, &change).await.ok();
        admin.claim(&fresh).await.problem(403, "own_event");
    }
    let event = operator.create_event(&event(anybody())).await;
    let added = admin.create_reward(&reward(&event, None)).await;
    admin.claim(&added).await.problem(403, "own_event");
}

#[tokio::test]
async fn another_role_does_not_make_an_event_somebody_else_s() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().sign_up().await;
    let role = format!("/auth/users/{}/role", member.id);
    admin.patch(&role, &json!({"role": "OPERATOR"})).await.ok();
    let operator = stage.nobody().login(&member.email, "correct horse battery").await;
    let (_, prize) = operator.create_open_event(None).await;
    admin.patch(&role, &json!({"role": "USER"})).await.ok();
    let user = stage.nobody().login(&member.email, "correct horse battery").await;
    user.claim(&prize).await.problem(403, "own_event");
}

#[tokio::test]
async fn nobody_lifts_their_own_block() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let path = format!("/auth/users/{}/unblock", id_of(&operator).await);
    operator.post(&path, &json!({"note": "it was a mistake"})).await.problem(403, "own_block");
}

#[tokio::test]
async fn a_team_of_one_may_do_without_and_says_so() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).env("SEPARATION_OF_DUTIES", "off").start().await;
    let operator = service.demo("operator").await;
    let own = id_of(&operator).await;
    let fact = with(activity(&own, "review"), json!({"source": "desk"}));
    operator.report_activity(&fact).await.created();
    let void = json!({"source": fact["source"], "id": fact["id"], "note": "a slip"});
    operator.post("/activities/void", &void).await.created();
    let (_, prize) = operator.create_open_event(None).await;
    operator.claim(&prize).await.created();
    let path = format!("/auth/users/{own}/unblock");
    operator.post(&path, &json!({"note": "a test"})).await.ok();
    let shown = service.command(&["config"], "");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let line = shown.lines().find(|line| line.contains("SEPARATION_OF_DUTIES")).unwrap_or_default();
    assert!(line.contains("off") && line.contains("environment"), "{shown}");
}
