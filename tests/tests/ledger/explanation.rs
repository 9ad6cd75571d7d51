//! Why a claim stands where it stands: in numbers for programs, in words for people of both languages, and with no
//! promise that nobody can keep.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::crowd,
    programme::{activity, daily_until_yesterday, id, instant, login_streak, reward, with},
    swarm::claim_for_all,
};

use super::claims::campaign;

async fn explanation(caller: &Client, claim: &str, position: i64, language: &str) -> Answer {
    let position = position.to_string();
    let headers = [("ledger-min-position", position.as_str()), ("accept-language", language)];
    caller.send(Method::GET, &format!("/claims/{claim}/explanation"), &headers, Vec::new()).await.unwrap()
}

/// Asks for a reward behind a condition, and explains the denial.
async fn denied(stage: &Stage, condition: Value, member: &str, language: &str) -> Answer {
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({"condition": condition})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let asked = reporter.claim_for(&prize, member).await;
    asked.problem(422, "condition_unmet");
    let told = explanation(&operator, &asked.text("/claimId"), asked.position(), language).await;
    assert_eq!((&told.ok()["status"], &told.json["reason"]), (&json!("denied"), &json!("condition_unmet")));
    assert_eq!(told.json["position"], asked.position());
    told
}

#[tokio::test]
async fn a_denial_tells_the_rule_what_was_seen_and_what_was_missing() {
    let stage = Stage::shared().await;
    let member = stage.newcomer().await;
    // five days in a row, one that was taken out again and one before the gap; and a fact that comes too late
    let facts = daily_until_yesterday(&member, "login", 7, domain::zone::Tz::UTC);
    let (reporter, mut counted) = (stage.reporter().await, Vec::new());
    for (number, fact) in facts.iter().enumerate() {
        let position = reporter.report_activity(fact).await.position();
        if number < 5 {
            counted.push(position);
        }
    }
    let again = with(facts[1].clone(), json!({"id": id()}));
    reporter.report_activity(&again).await.created();
    for mistaken in [&facts[5], &again] {
        let void = json!({"source": mistaken["source"], "id": mistaken["id"], "note": "not by her"});
        reporter.post("/activities/void", &void).await.created();
    }
    let condition = json!({"all": [login_streak(7), {"not": {"count": {"kind": "purchase", "count": 1}}}]});
    let told = denied(stage, condition.clone(), &member, "en").await;
    reporter.report_activity(&activity(&member, "purchase")).await.created();
    let body = told.ok();
    assert_eq!((&body["condition"], &body["conditionVersion"], &body["met"]), (&condition, &json!(1), &json!(false)));
    assert_eq!(body["summary"], "The condition was not met.");
    let leaf = json!({"path": "all[0]", "leaf": "streak", "kind": "login", "need": 7, "have": 5, "met": false,
        "wanted": true, "missing": 2, "counted": {"positions": counted, "more": false}, "text": "Needed: 7 days in a row with “login”. Seen: 5."});
    assert_eq!(body["leaves"][0], leaf);
    let leaf = &body["leaves"][1];
    assert_eq!(leaf["counted"], json!({"positions": [], "more": false}), "what came later did not count");
    assert_eq!((&leaf["path"], &leaf["wanted"], &leaf["missing"]), (&json!("all[1].not"), &json!(false), &Value::Null));
    assert_eq!(leaf["text"], "Must not hold: “purchase” once. Seen: 0.");
    let days: Vec<_> =
        body["days"].as_array().unwrap().iter().map(|day| (&day["path"], day["late"].as_bool())).collect();
    assert_eq!(days.len(), 5, "the days of the run, each once: {days:?}");
    assert!(days.iter().all(|(path, _)| **path == "all[0]"), "{days:?}");
    assert!(days[..4].iter().all(|(_, late)| *late == Some(true)), "recorded days after they happened: {days:?}");
    let further = json!([{"path": "all[0]", "leaf": "streak", "kind": "login", "more": 2, "waiting": false,
        "text": "2 more days in a row with “login”"}]);
    assert_eq!(body["smallestFurther"], further);
    assert_eq!((&body["timeZone"], &body["ahead"]), (&json!("UTC"), &Value::Null));
    assert_eq!(body["steps"][0]["step"], "denied");
    assert_eq!(body["steps"][0]["text"], "Refused: The condition is not met.");

    let korean = explanation(&stage.operator().await, &told.text("/claimId"), 0, "ko").await;
    assert_eq!(korean.ok()["summary"], "조건을 충족하지 못했습니다.");
    assert_eq!(korean.json["leaves"][0]["text"], "필요: “login” 활동 7일 연속. 확인: 5.");
    assert_eq!(korean.json["smallestFurther"][0]["text"], "“login” 활동 2일 더 연속");
    assert_eq!(korean.json["smallestFurther"][0]["more"], 2, "numbers are the same in every language");
    assert_eq!(korean.header("content-language"), Some("ko"));
}

#[tokio::test]
async fn the_smallest_further_thing_is_enough_for_a_grant() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let nearest = json!({"any": [
        {"count": {"kind": "purchase", "count": 9}},
        {"all": [{"count": {"kind": "review", "count": 2}}, {"activeDays": {"kind": "visit", "days": 1, "within": "30d"}}]},
    ]});
    reporter.report_activity(&activity(&member, "review")).await.created();
    let event = campaign(&operator, json!({"condition": nearest})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let asked = reporter.claim_for(&prize, &member).await;
    let told = explanation(&operator, &asked.text("/claimId"), asked.position(), "en").await;
    for step in told.ok()["smallestFurther"].as_array().unwrap() {
        assert_eq!((&step["path"], &step["text"]), (&json!("any[1].all[0]"), &json!("“review” once more")));
        for _ in 0..step["more"].as_u64().unwrap() {
            let fact = activity(&member, step["kind"].as_str().unwrap());
            reporter.report_activity(&fact).await.created();
        }
    }
    let granted = reporter.claim_for(&prize, &member).await;
    granted.created();
    let told = explanation(&operator, &asked.text("/claimId"), granted.position(), "en").await;
    assert_eq!((&told.ok()["status"], &told.json["met"]), (&json!("granted"), &json!(true)));
    assert_eq!((&told.json["smallestFurther"], &told.json["reason"]), (&json!([]), &Value::Null));
    assert_eq!(told.json["summary"], "The condition was met, and the reward was granted.");
    assert_eq!(told.list("/steps").len(), 2);
    // why she was refused then is still known
    let then =
        operator.get(&format!("/claims/{}/explanation?atPosition={}", asked.text("/claimId"), asked.position())).await;
    assert_eq!((&then.ok()["status"], &then.json["reason"]), (&json!("denied"), &json!("condition_unmet")));
    assert_eq!((then.list("/steps").len(), then.list("/smallestFurther").len()), (1, 1), "{then}");
    let before = format!("/claims/{}/explanation?atPosition={}", asked.text("/claimId"), asked.position() - 1);
    operator.get(&before).await.problem(404, "not_found");
}

#[tokio::test]
async fn nothing_is_promised_that_cannot_be_reached() {
    let stage = Stage::shared().await;
    for condition in [
        json!({"joined": {"to": "2020-01-01"}}),
        json!({"birthday": {}}), // an imported member has none that is known
        json!({"not": {"count": {"kind": "visit", "count": 1}}}),
        json!({"all": [{"count": {"kind": "visit", "count": 3}}, {"not": {"count": {"kind": "visit", "count": 2}}}]}),
    ] {
        let told = denied(stage, condition.clone(), &stage.newcomer().await, "en").await;
        assert_eq!(told.ok()["smallestFurther"], Value::Null, "{condition}");
    }
    let recent = json!({"not": {"count": {"kind": "visit", "count": 1, "within": "7d"}}});
    let told = denied(stage, recent, &stage.newcomer().await, "en").await;
    let step = &told.ok()["smallestFurther"][0];
    assert_eq!((&step["waiting"], &step["more"]), (&json!(true), &Value::Null));
    assert_eq!(step["text"], "Ask again when this no longer holds: “visit” once, within the last 7 days.");
}

#[tokio::test]
async fn a_decision_is_explained_by_the_rule_that_made_it() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({"condition": login_streak(7)})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let revised = operator.patch(&format!("/events/{event}"), &json!({"condition": login_streak(30)})).await;
    assert_eq!(revised.ok()["conditionVersion"], 2);
    let told = explanation(&operator, &asked.text("/claimId"), revised.position(), "en").await;
    assert_eq!((&told.ok()["conditionVersion"], &told.json["condition"]), (&json!(1), &login_streak(7)));
    operator.post(&format!("/events/{event}/end"), &json!({})).await.ok();
    let told = explanation(&operator, &asked.text("/claimId"), 0, "en").await;
    assert_eq!(told.ok()["smallestFurther"], Value::Null, "nothing helps in an event that is over");
    assert_eq!(told.json["leaves"][0]["missing"], 7);
}

#[tokio::test]
async fn who_comes_too_late_is_told_who_came_before() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    for (terms, quantity, reason) in
        [(json!({}), Some(2), "out_of_stock"), (json!({"maxRewardCount": 2}), None, "budget_exhausted")]
    {
        let event = campaign(&operator, terms).await;
        let prize = operator.create_reward(&reward(&event, quantity)).await;
        let mut positions = Vec::new();
        let mut winners = Vec::new();
        for _ in 0..2 {
            let won = reporter.claim_for(&prize, &stage.newcomer().await).await;
            winners.push(won.text("/claim/id"));
            positions.push(won.position());
        }
        let last = positions[1];
        let late = reporter.claim_for(&prize, &stage.newcomer().await).await;
        late.problem(409, reason);
        let handed = json!({"status": "FULFILLED"});
        let after = operator.patch(&format!("/reward-requests/{}", winners[0]), &handed).await.position();
        let told = explanation(&operator, &late.text("/claimId"), after, "en").await;
        let ahead = json!({"winners": 2, "positions": positions, "lastPosition": last});
        assert_eq!(told.ok()["ahead"], ahead, "{reason}");
        assert_eq!((&told.json["reason"], &told.json["smallestFurther"]), (&json!(reason), &Value::Null));
        let words = told.text("/summary");
        assert!(words.starts_with("All 2 grants") && words.contains(&format!("position {last} ")), "{words}");
    }
    let (_, empty) = operator.create_open_event(Some(0)).await;
    let late = reporter.claim_for(&empty, &stage.newcomer().await).await;
    let told = explanation(&operator, &late.text("/claimId"), late.position(), "ko").await;
    assert_eq!(told.ok()["ahead"], json!({"winners": 0, "positions": [], "lastPosition": null}));
    assert_eq!(told.json["summary"], "남은 보상이 없었습니다.");
}

#[tokio::test]
async fn the_events_that_counted_are_named_for_every_kind_of_question() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let friend = stage.nobody().sign_up().await;
    let code = friend.client.get("/auth/invite-code").await.text("/inviteCode");
    let invited = stage.nobody().register_with(json!({"inviteCode": code})).await;
    reporter.report_activities(&daily_until_yesterday(&invited.id, "visit", 2, domain::zone::Tz::UTC)).await;
    let auditor = stage.auditor().await;
    let of_type = async |kind: &str| -> Vec<i64> {
        let page = auditor.get(&format!("/audit/log?subject={}&type={kind}&limit=1000", friend.id)).await;
        page.list("/events").iter().map(|line| line["position"].as_i64().unwrap()).collect()
    };
    while of_type("referral.qualified").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // more than are named
    let many: Vec<Value> = (0..130).map(|_| activity(&friend.id, "review")).collect();
    reporter.report_activities(&many).await;
    let reviews = of_type("activity.recorded").await;
    let minutes = json!({"measures": {"minutes": 25}});
    let session = reporter.report_activity(&with(activity(&friend.id, "session"), minutes)).await.position();
    let condition = json!({"all": [
        {"referrals": {"count": 2}},
        {"count": {"kind": "review", "count": 500}},
        {"total": {"kind": "session", "measure": "minutes", "total": 90}},
        {"joined": {"from": "2020-01-01"}},
        {"cel": {"expression": "total('session', 'minutes', 7) > 40 && timeZone == 'UTC'"}},
        {"activeDays": {"kind": "session", "days": 1, "within": "2d"}},
        {"profileComplete": {}},
    ]});
    let told = denied(stage, condition, &friend.id, "en").await;
    let registered = of_type("member.registered").await;
    let only = |positions: &[i64]| json!({"positions": positions, "more": false});
    for (leaf, counted) in [
        only(&of_type("referral.qualified").await),
        json!({"positions": reviews[reviews.len() - 100..], "more": true}),
        only(&[session]),
        only(&registered),
        only(&[registered[0], session]),
        only(&[session]),
        only(&registered),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(&told.json["leaves"][leaf]["counted"], counted, "leaf {leaf}: {told}");
    }
}

#[tokio::test]
async fn winners_are_those_who_held_what_was_missing_then() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let step = async |claim: &str, status: &str| {
        operator.patch(&format!("/reward-requests/{claim}"), &json!({"status": status})).await.position()
    };
    // one gives back before, one after; one waits for a decision
    let manual = campaign(&operator, json!({"approval": "manual", "pendingExpiresAfter": "10s"})).await;
    let prize = operator.create_reward(&reward(&manual, Some(2))).await;
    let ask = async |member: &str| reporter.claim_for(&prize, member).await;
    let early = ask(&stage.newcomer().await).await;
    step(&early.text("/claim/id"), "APPROVED").await;
    step(&early.text("/claim/id"), "REVERSED").await;
    let (waiting, slow) = (ask(&stage.newcomer().await).await, stage.newcomer().await);
    step(&waiting.text("/claim/id"), "APPROVED").await;
    let expiring = ask(&slow).await;
    let late = ask(&stage.newcomer().await).await;
    late.problem(409, "out_of_stock");
    step(&waiting.text("/claim/id"), "REVERSED").await;
    let winners = json!({"winners": 2, "positions": [waiting.position(), expiring.position()],
        "lastPosition": expiring.position()});
    let told = explanation(&operator, &late.text("/claimId"), late.position(), "en").await;
    assert_eq!(told.ok()["ahead"], winners);

    // what expired meanwhile, and is denied now, was a winner all the same
    let expired = expiring.text("/claim/id");
    while !log.streams_with("claim.expired").await.contains_key(&expired) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for _ in 0..2 {
        ask(&stage.newcomer().await).await.expect(202);
    }
    let denied = ask(&slow).await;
    denied.problem(409, "out_of_stock");
    let told = explanation(&operator, &late.text("/claimId"), denied.position(), "en").await;
    assert_eq!(told.ok()["ahead"], winners);
}

#[tokio::test]
async fn of_many_winners_a_thousand_are_named() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (members, facts) = crowd(1_060);
    stage.service.import(&facts);
    let (_, prize) = operator.create_open_event(Some(1_050)).await;
    let asked = claim_for_all(&reporter, &prize, &members, 32).await;
    let mut granted: Vec<i64> =
        asked.iter().filter(|one| one.name() == "201").map(|one| one.answer.as_ref().unwrap().position()).collect();
    granted.sort_unstable();
    assert_eq!(granted.len(), 1_050);
    let late = asked.iter().find(|one| one.name() == "out_of_stock").unwrap().answer.as_ref().unwrap();
    let told = explanation(&operator, &late.text("/claimId"), late.position(), "en").await;
    assert_eq!(told.ok()["ahead"]["winners"], 1_050);
    assert_eq!(told.json["ahead"]["positions"], json!(granted[..1_000]), "those who asked first");
    assert_eq!(told.json["ahead"]["lastPosition"], granted[1_049]);
}

#[tokio::test]
async fn who_decided_and_why_is_part_of_the_story() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let manual = campaign(&operator, json!({"approval": "manual"})).await;
    let prize = operator.create_reward(&reward(&manual, None)).await;
    let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let claim = asked.text("/claim/id");
    let told = explanation(&operator, &claim, asked.position(), "en").await;
    assert!(told.text("/summary").starts_with("The condition was met. The claim waits for a decision until 20"));
    let who = operator.get("/auth/me").await.text("/user/id");
    for (status, note, summary) in [
        ("APPROVED", "fine", format!("The condition was met, and {who} approved the claim.")),
        ("REVERSED", "by mistake", format!("The reward was granted, but {who} took the grant back.")),
    ] {
        let decided =
            operator.patch(&format!("/reward-requests/{claim}"), &json!({"status": status, "note": note})).await;
        let told = explanation(&operator, &claim, decided.position(), "en").await;
        assert_eq!(told.ok()["summary"], summary);
        let step = told.list("/steps").last().unwrap();
        assert_eq!((&step["actor"], &step["note"]), (&json!(who), &json!(note)));
        assert_eq!(step["position"], decided.position());
    }
}

#[tokio::test]
async fn an_event_that_has_not_started_is_named_with_its_start() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let start = instant(Utc::now() + TimeDelta::days(1));
    let event = campaign(&operator, json!({"startDate": start})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let told = explanation(&operator, &asked.text("/claimId"), asked.position(), "en").await;
    assert_eq!(told.ok()["summary"], format!("The event had not started. It starts at {start}."));
}

#[tokio::test]
async fn an_explanation_is_for_the_claimant_and_for_staff() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let (_, prize) = operator.create_open_event(None).await;
    let (mina, other) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let claimed = mina.client.claim(&prize).await;
    let claim = claimed.text("/claim/id");
    explanation(&mina.client, &claim, claimed.position(), "en").await.ok();
    explanation(&stage.auditor().await, &claim, 0, "en").await.ok();
    explanation(&other.client, &claim, 0, "en").await.problem(404, "not_found");
    explanation(&stage.reporter().await, &claim, 0, "en").await.problem(403, "forbidden");
    explanation(&operator, &id(), 0, "en").await.problem(404, "not_found");
}
