//! The log altered behind everybody's back, as a superuser would, in every way we could think of and at many places:
//! what can be found from inside is found, and the rest is found by a checkpoint that was kept elsewhere.

use serde_json::json;
use tests::support::{
    Database, Setup,
    auditor::{Auditor, Superuser},
    programme::{activity, daily_until_yesterday, event, login_streak, reward, with},
};

/// A programme with everything in it, then stopped; its last events are activities.
async fn programme() -> Database {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let campaign = operator.create_event(&with(event(login_streak(2)), json!({"perMemberLimit": 5}))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(9))).await;
    let inviter = service.client().sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let friend = service.client().register_with(json!({"inviteCode": code})).await;
    for member in [&inviter.id, &friend.id] {
        reporter.claim_for(&prize, member).await.problem(422, "condition_unmet");
        reporter.report_activities(&daily_until_yesterday(member, "login", 3, domain::zone::Tz::UTC)).await;
        reporter.claim_for(&prize, member).await.created();
    }
    let order = json!({"reference": "order-1", "memberId": friend.id, "amount": 30, "hold": true});
    reporter.post("/spends", &order).await.created();
    let gift = json!({"amount": 5, "note": "Lost in the move."});
    operator.post(&format!("/wallets/{}/adjustments", friend.id), &gift).await.created();
    let coupon = json!({"eventId": campaign, "name": "Coupon", "type": "COUPON", "codes": true});
    let coded = operator.create_reward(&coupon).await;
    operator.post(&format!("/rewards/{coded}/codes/generate"), &json!({"count": 3})).await.created();
    reporter.claim_for(&coded, &inviter.id).await.created();
    reporter.claim_for(&coded, &friend.id).await.created();
    let (barred, gone) = (service.client().sign_up().await, service.client().sign_up().await);
    operator.post(&format!("/auth/users/{}/block", barred.id), &json!({"note": "two accounts"})).await.ok();
    service.demo("admin").await.delete(&format!("/auth/users/{}", gone.id), &json!({})).await.expect(204);
    let last = reporter.report_activities(&[activity(&friend.id, "visit"), activity(&friend.id, "visit")]).await;
    // whoever verifies expects that nobody is behind
    operator.get_at("/dashboard", last.position()).await.ok();
    operator.get_at("/claims", last.position()).await.ok();
    operator.get_at("/spends", last.position()).await.ok();
    operator.get_at("/adjustments", last.position()).await.ok();
    operator.get_at("/coupons/me", last.position()).await.ok();
    service.terminate();
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_altered_is_found() {
    let original = programme().await;
    let keeper = Auditor::of(&original.url);
    let made = keeper.run(&["audit", "checkpoint"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let note = keeper.data.join("note");
    std::fs::write(&note, &made.out).unwrap();
    let sound = keeper.verify(&["--checkpoint", note.to_str().unwrap()]);
    assert_eq!((sound.code, sound.failed()), (0, vec![]), "{} {}", sound.out, sound.err);

    let (head, fact, campaign, claim) = {
        let mut root = Superuser::of(&original).await;
        let (fact, campaign) = (root.first("activity.recorded").await, root.first("campaign.created").await);
        (root.head().await, fact, campaign, root.first("claim.granted").await)
    };
    let byte = "update events set payload = regexp_replace(payload::text, '}$', ' }')::json where position = ";
    let mut matrix: Vec<(String, String, Option<i64>, &str)> = Vec::new();
    let mut add = |name: &str, statement: String, rehash: Option<i64>, found: &'static str| {
        matrix.push((name.to_owned(), statement, rehash, found));
    };
    for p in [1, fact, head / 2, head] {
        add("a byte of a payload", format!("{byte}{p}"), None, "hash_chain");
        let column = format!("update events set actor = 'system2' where position = {p}");
        add("a column", column, None, "hash_chain");
    }
    for p in [1, head / 2] {
        let to = |from: &str, to: &str| format!("update events set position = {to} where position = {from};");
        let (a, b, away) = (p.to_string(), (p + 1).to_string(), (head + 9).to_string());
        add("two events swapped", [to(&a, &away), to(&b, &a), to(&away, &b)].concat(), None, "hash_chain");
        add("one event deleted", format!("delete from events where position = {p}"), None, "positions");
    }
    add("the last event deleted", format!("delete from events where position = {head}"), None, "head");
    let hash = format!("update events set hash = sha256('x') where position = {head}");
    add("the last hash", hash, None, "head");
    let opens = format!("update events set opens_command = false where position = {campaign}");
    add("where a command begins", opens, None, "order");
    let never = format!("update events set recorded_at = 'infinity' where position = {}", head / 2);
    add("a moment that is none", never, None, "decoding");
    let unknown = format!("update events set event_version = '9' where position = {}", head / 2);
    add("an unknown version", unknown, Some(head / 2), "decoding");
    let other = format!("update events set subject = '{}' where position = {fact}", uuid::Uuid::nil());
    add("the subject, with all hashes after it", other, Some(fact), "decoding");
    let gone = format!("update events set sequence = 7 where position = {fact}");
    add("a sequence, with all hashes after it", gone, Some(fact), "streams");
    let kind = format!(
        "update events set payload = replace(payload::text, '\"kind\":\"login\"', '\"kind\":\"visit\"')::json
         where event_type = 'activity.recorded' and position >= {fact}"
    );
    add("what happened, with all hashes after it", kind, Some(fact), "decisions");
    let condition = format!(
        "update events set payload = replace(payload::text, '\"days\":2', '\"days\":1')::json
         where event_type = 'campaign.created' and position >= {campaign}"
    );
    add("the text of a condition, with all hashes after it", condition, Some(campaign), "decisions");
    let amount = format!(
        "update events set payload = replace(payload::text, '\"amount\":100', '\"amount\":999')::json
         where position = {claim}"
    );
    add("the amount of a grant, with all hashes after it", amount, Some(claim), "projection.claim_history");
    let role = "update events set payload = replace(payload::text, 'ADMIN', 'USER')::json
                where event_type = 'member.registered'";
    add("the role of a registration, with all hashes after it", role.to_owned(), Some(1), "account_roles");
    // later events make room for one more
    let moved = format!(
        "update events set position = position + 1000000 where position > {fact};
         update events set position = position - 999999 where position > 1000000"
    );
    let one_more = |at: i64| {
        format!(
            "insert into events
             select {at}, gen_random_uuid(), aggregate_type, gen_random_uuid()::text, 1, event_type, event_version, payload,
                    metadata, subject, occurred_at, recorded_at, gen_random_uuid(), true, actor, correlation_id, causation_id,
                    epoch, previous_hash, hash
             from events where position = {fact}"
        )
    };
    let inserted = format!("{moved}; {}", one_more(fact + 1));
    add("an event inserted, without its hash", inserted.clone(), None, "hash_chain");
    add("an event inserted, with its hash and all after it", inserted, Some(fact + 1), "projection.member_facts");
    add("an event appended, and the head left", one_more(head + 1), None, "head");
    let cut = format!("delete from events where position > {}", head - 3);
    add("the last events deleted, and the head set back", cut, Some(head - 3), "checkpoints");
    let back = format!("update checkpoints set position = {} where name = 'member_facts'", head / 2);
    add("a projection set back", back, None, "projection.member_facts");
    for (what, statement, found) in [
        ("a claim", "update claims set status = 'reversed'", "projection.claim_history"),
        ("a day", "update member_days set count = count + 1", "projection.member_facts"),
        ("a referral", "update referrals set status = 'voided'", "projection.referral_tally"),
        ("a payment", "update spends set status = 'captured', captured = amount", "projection.spends"),
        ("an adjustment", "update adjustments set status = 'pending'", "projection.adjustments"),
        ("a coupon", "update coupons set uses = 1", "projection.coupons"),
        ("who has which code", "update coupon_grants set number = number + 10", "guard.coupon_grants"),
        ("a code", "update coupon_codes set digest = sha256('x') where number = 2", "coupon_codes"),
        ("a code deleted", "delete from coupon_codes where number = 3", "coupon_codes"),
        ("a reward", "update rewards set granted = granted + 1", "projection.campaign_catalogue"),
        ("a count", "delete from dashboard_rewards", "projection.dashboard"),
        ("a milestone", "update campaign_milestones set version = version + 1", "projection.campaign_analytics"),
        ("a step", "update campaign_steps set met = not met", "projection.campaign_analytics"),
        ("a judgement", "update campaign_judgements set met = met + 1", "projection.campaign_analytics"),
        ("a refusal", "delete from campaign_refusals", "projection.campaign_analytics"),
        ("a claimant", "update campaign_claimants set granted = granted + 1", "projection.campaign_analytics"),
        ("a lot of a wallet", "update wallets_lots set free = free - 1 where free > 0", "projection.wallets"),
        ("an entry of a statement", "update wallets_entries set balance = balance + 1", "projection.wallets"),
        ("a total", "update value_totals set amount = amount + 1", "projection.value"),
        ("the end of a lot", "insert into value_lots values (gen_random_uuid(), now())", "projection.value"),
        ("a checkpoint", "update checkpoints set position = position + 999", "checkpoints"),
        ("the stock", "update reward_stock set granted = granted - 1 where granted > 0", "guard.reward_stock"),
        ("the budget", "update campaign_budget set committed = committed + 1", "guard.campaign_budget"),
        ("a member's grants", "delete from member_grants", "guard.member_grants"),
        ("what was posted alone", "delete from daily_acts", "guard.daily_acts"),
        ("a name", "update unique_names set name_key = name_key || '!'", "guard.unique_names"),
        ("a role", "update accounts set role = 'ADMIN' where role = 'USER'", "account_roles"),
        ("a role taken away", "update accounts set role = 'USER' where role = 'AUDITOR'", "account_roles"),
        ("a block lifted", "update accounts set blocked = false where blocked", "account_roles"),
        ("a block", "update accounts set blocked = true where role = 'USER'", "account_roles"),
        ("an erased account", "update accounts set erased_at = null where erased_at is not null", "account_roles"),
        (
            "an account blanked",
            "update accounts
             set email = null, email_key = null, password_hash = null, nickname = null, nickname_key = null, bio = null,
                 profile_image_url = null, birth_date = null, invite_code = null, erased_at = now()
             where role = 'SERVICE'",
            "account_roles",
        ),
        (
            "an account that nobody made",
            "insert into accounts (id, time_zone, role, created_at, created_position)
             values (gen_random_uuid(), 'UTC', 'ADMIN', now(), 0)",
            "account_roles",
        ),
        (
            "an account that is gone",
            "delete from refresh_families; delete from accounts where role = 'OPERATOR'",
            "account_roles",
        ),
        (
            "a member's account that is gone",
            "delete from refresh_families; delete from accounts where blocked",
            "account_roles",
        ),
        (
            "a key for somebody who is no service",
            "insert into services select id, 'backdoor', '{app}' from accounts where role = 'ADMIN'",
            "account_credentials",
        ),
        (
            "a log-in for somebody who is erased",
            "insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
             select gen_random_uuid(), id, sha256('x'), now(), now() from accounts where erased_at is not null",
            "account_credentials",
        ),
    ] {
        add(what, statement.to_owned(), None, found);
    }
    for (name, statement, rehash, found) in matrix {
        let copy = Superuser::copy(&original).await;
        let mut root = Superuser::of(&copy).await;
        root.run(&statement).await;
        if let Some(from) = rehash {
            root.rehash(from).await;
        }
        drop(root);
        let said = Auditor::of(&copy.url).verify(&[]);
        assert_eq!(said.code, 1, "{name}: {} {}", said.out, said.err);
        assert!(said.failed().contains(&found.to_owned()), "{name}: {found} among {:?}", said.failed());
    }

    // what is consistent in itself can only be held to what it was
    let innocent = "update events set actor = 'system2' where event_type = 'activity.recorded'";
    let cut = format!(
        "delete from events where position > {}; delete from checkpoints; delete from members; delete from member_days;
         delete from member_runs; delete from member_referrals; delete from referrals; delete from claims; delete from claimed_rewards;
         delete from campaigns; delete from rewards; delete from campaign_windows; delete from campaign_milestones;
         delete from campaign_steps; delete from campaign_marks; delete from campaign_judgements;
         delete from campaign_refusals; delete from campaign_claimants; delete from spends; delete from adjustments;
         delete from coupons; delete from audit_checkpoints",
        head - 2
    );
    for (name, statement, rehash) in [("a rewritten suffix", innocent, Some(fact)), ("a cut tail", cut.as_str(), None)]
    {
        let copy = Superuser::copy(&original).await;
        let mut root = Superuser::of(&copy).await;
        root.run(statement).await;
        match rehash {
            Some(from) => root.rehash(from).await,
            None => {
                root.set_head().await;
                for folded in ["dashboard", "wallets", "value_totals", "value_lots", "value_costs"] {
                    for table in root.tables_like(folded).await {
                        root.run(&format!("delete from {table}")).await;
                    }
                }
            }
        }
        drop(root);
        let auditor = Auditor::of(&copy.url);
        let inside = auditor.verify(&[]);
        assert_eq!((inside.code, inside.failed()), (0, vec![]), "{name} is sound in itself: {}", inside.out);
        let key = keeper.data.join("audit.key");
        let held = auditor.verify(&["--checkpoint", note.to_str().unwrap(), "--public-key", key.to_str().unwrap()]);
        assert_eq!((held.code, held.failed()), (1, vec!["checkpoint".to_owned()]), "{name}: {}", held.out);
    }
}

/// Also one that no hash covers, such as where a command begins: at the first event nothing but the log itself says so.
#[tokio::test(flavor = "multi_thread")]
async fn no_column_of_an_event_can_be_altered_unseen() {
    let original = programme().await;
    let columns = Superuser::of(&original).await.columns("events").await;
    assert!(columns.len() >= 20, "{columns:?}");
    for (column, kind) in columns {
        let other = match kind.as_str() {
            "bigint" => format!("{column} + 1000000"),
            "uuid" => "gen_random_uuid()".to_owned(),
            "text" => format!("{column} || 'x'"),
            "boolean" => format!("not {column}"),
            "timestamp with time zone" => format!("{column} + interval '1 s'"),
            "json" => format!("regexp_replace({column}::text, '}}$', ' }}')::json"),
            "bytea" => "sha256('x')".to_owned(),
            other => panic!("what would be another value of {column}, which is of type {other}?"),
        };
        let copy = Superuser::copy(&original).await;
        Superuser::of(&copy).await.run(&format!("update events set {column} = {other} where position = 1")).await;
        let said = Auditor::of(&copy.url).verify(&[]);
        assert_eq!(said.code, 1, "{column}: {} {}", said.out, said.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_histories_grown_from_one_back_up_only_the_one_passes_that_made_the_checkpoint() {
    let original = programme().await;
    let (ours, theirs) = (Superuser::copy(&original).await, Superuser::copy(&original).await);
    let keeper = Auditor::of(&original.url);
    let grow = |database: &Database| {
        let facts = keeper.data.join("facts.ndjson");
        std::fs::write(&facts, activity(&uuid::Uuid::now_v7().to_string(), "visit").to_string()).unwrap();
        let grown = Auditor::of(&database.url);
        let said = grown.run(&["import", "activities", facts.to_str().unwrap(), "--create-members"]);
        assert_eq!(said.code, 0, "{}", said.err);
        grown
    };
    let early = keeper.run(&["audit", "checkpoint"]);
    let (mut ours, theirs) = (grow(&ours), grow(&theirs));
    ours.data.clone_from(&keeper.data);
    let late = ours.run(&["audit", "checkpoint"]);
    let key = keeper.data.join("audit.key");
    for (auditor, note, code) in [(&ours, &early, 0), (&theirs, &early, 0), (&ours, &late, 0), (&theirs, &late, 1)] {
        let file = keeper.data.join("note");
        std::fs::write(&file, &note.out).unwrap();
        assert_eq!(auditor.verify(&[]).code, 0);
        let held = auditor.verify(&["--checkpoint", file.to_str().unwrap(), "--public-key", key.to_str().unwrap()]);
        assert_eq!(held.code, code, "{}", held.out);
    }
}
