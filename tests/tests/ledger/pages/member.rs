//! The pages of a member: what can be had now, what comes next, and what became of what was asked for.

use serde_json::{Value, json};
use tests::support::{
    Browser, Page, Stage,
    client::PASSWORD,
    programme::{activity, anybody, event, id, login_streak, reward, unique, with},
};

/// Sends the first form of a page that claims a reward; another reward where one is named.
async fn claim(browser: &Browser, page: &Page, reward: &str, key: &str) -> Page {
    let token = page.field("token");
    browser.post("/ui/me/claims", &[("token", &token), ("key", key), ("reward", reward)]).await
}

#[tokio::test]
async fn a_member_claims_what_is_ready_and_a_form_sent_twice_counts_once() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let name = "<script>alert(1)</script> مرحبا 🎁";
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": name}))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(3))).await;
    let (mina, noah) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;

    let page = browser.get(&format!("/ui/me?min={}", stage.log().await.head().await)).await;
    page.ok().says_all(&["<h1>1 reward is ready for you</h1>", "Claim 100 points", "3 left"]);
    assert!(page.says("&#60;script&#62;alert(1)") && !page.says("<script>alert"), "{}", page.html);
    assert_eq!(page.field("reward"), prize);
    let key = page.field("key");
    let first = claim(&browser, &page, &prize, &key).await;
    let place = first.leads_to("/ui/me/claims/").to_owned();
    let again = claim(&browser, &page, &prize, &key).await;
    assert_eq!(again.leads_to("/ui/me/claims/"), place, "the same form is the same claim");
    browser.get(&place).await.ok().says_all(&["100 points: yours", "There is nothing more to do.", "What was needed"]);
    let other = claim(&browser, &page, &prize, &id()).await;
    let other = other.leads_to("/ui/me/claims/");
    browser.get(other).await.ok().says_all(&["Nothing was done twice.", "100 points: yours"]);
    let head = stage.log().await.head().await;
    assert_eq!(mina.client.get_at("/claims/me", head).await.list("/claims").len(), 1);
    let page = browser.get(&format!("/ui/me?min={head}")).await;
    page.ok().says_all(&["<h1>Nothing to claim right now</h1>", "100 points · today"]);

    let path = place.split('?').next().unwrap();
    let stranger = Browser::of(&stage.service).signed_in(&noah.email).await;
    stranger.get(path).await.expect(404);
    for path in ["/ui/me/claims/x", &format!("/ui/me/claims/{}", id())] {
        browser.get(path).await.expect(404);
    }
    for reward in ["x/../../auth/me", &id()] {
        claim(&browser, &page, reward, &id()).await.expect(404);
    }
    let staff = Browser::of(&stage.service).demo("operator").await;
    for path in ["/ui/me", path, "/ui/me/history", "/ui/me/invite", "/ui/me/profile"] {
        staff.get(path).await.expect(403);
    }
    Browser::of(&stage.service).get(path).await.leads_to("/ui/sign-in?next=");
}

#[tokio::test]
async fn a_refusal_says_what_was_needed_what_was_seen_and_what_comes_next() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let rule = json!({"all": [{"count": {"kind": "review", "count": 2}},
                              {"any": [login_streak(7), {"referrals": {"count": 1}}, anybody()]}]});
    let campaign = operator.create_event(&event(rule)).await;
    let prize = operator.create_reward(&reward(&campaign, Some(3))).await;
    let mina = stage.nobody().sign_up().await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let page = browser.get(&format!("/ui/me?min={}", stage.log().await.head().await)).await;
    let open =
        ["<h1>Nothing to claim right now</h1>", "2 reviews", "0 of 2", "One of these", "1 of 7", "class=\"dots\""];
    page.ok().says_all(&open);
    assert!(!page.says("name=\"reward\""), "what cannot be had has no button");

    let refused = claim(&browser, &page, &prize, &id()).await;
    let place = refused.leads_to("/ui/me/claims/").to_owned();
    let page = browser.get(&place).await;
    let told = ["not this time", "0 of 2", "You may claim it again.", "Still missing:", "Refused"];
    page.ok().says_all(&told);
    assert!(!page.says("name=\"reward\""));
    let korean = Browser::of(&stage.service).korean().signed_in(&mina.email).await;
    korean.get(&place).await.ok().says_all(&["lang=\"ko\"", "신청 거절", "0 / 2", "다시 신청할 수 있습니다."]);

    reporter.report_activity(&activity(&mina.id, "review")).await.created();
    let position = reporter.report_activity(&activity(&mina.id, "review")).await.position();
    let path = place.split('?').next().unwrap();
    let page = browser.get(&format!("{path}?min={position}")).await;
    page.ok().says_all(&["0 of 2", "Claim 100 points"]);
    let granted = claim(&browser, &page, &page.field("reward"), &page.field("key")).await;
    let place = granted.leads_to(path).to_owned();
    browser.get(&place).await.ok().says_all(&["100 points: yours", "Refused", "Granted"]);

    operator.post(&format!("/auth/users/{}/block", mina.id), &json!({"note": "why"})).await.ok();
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    browser.get("/ui/me").await.ok().says_all(&["Your claims are refused at present"]);
}

#[tokio::test]
async fn what_a_person_decides_is_asked_for_and_shown_as_waiting() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let manual = json!({"approval": "manual", "maxRewardCount": 1});
    let campaign = operator.create_event(&with(event(anybody()), manual)).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let (mina, noah) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let page = browser.get(&format!("/ui/me?min={}", stage.log().await.head().await)).await;
    page.ok().says_all(&["Ask for 100 points: a person looks at it"]);
    let asked = claim(&browser, &page, &prize, &page.field("key")).await;
    let place = asked.leads_to("/ui/me/claims/").to_owned();
    browser.get(&place).await.ok().says_all(&["100 points: a person looks at it", "It is reserved for you until"]);
    let head = stage.log().await.head().await;
    browser.get(&format!("/ui/me?min={head}")).await.ok().says_all(&["st pending", "A person looks at it, until"]);

    let other = Browser::of(&stage.service).signed_in(&noah.email).await;
    let page = other.get(&format!("/ui/me?min={head}")).await;
    assert!(page.ok().says("None are left.") && !page.says("name=\"reward\""), "the event's budget is given");
    let claim = place.split(['/', '?']).nth(4).unwrap().to_owned();
    let note = json!({"status": "REJECTED", "note": "No receipt <b>"});
    let position = operator.patch(&format!("/reward-requests/{claim}"), &note).await.position();
    let page = browser.get(&format!("/ui/me/claims/{claim}?min={position}")).await;
    page.ok().says_all(&["100 points: not approved", "No receipt &#60;b&#62;", "final for this period"]);
    other.get(&format!("/ui/me?min={position}")).await.ok().says_all(&["Ask for 100 points"]);
}

#[tokio::test]
async fn the_events_that_end_first_are_shown_and_older_claims_are_a_page_away() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let mina = stage.nobody().sign_up().await;
    for _ in 0..13 {
        let campaign = operator.create_event(&event(anybody())).await;
        for _ in 0..2 {
            let prize = operator.create_reward(&reward(&campaign, None)).await;
            mina.client.claim(&prize).await.created();
        }
    }
    let open = operator.create_event(&event(json!({"count": {"kind": "review", "count": 1}}))).await;
    operator.create_reward(&reward(&open, None)).await;
    let head = stage.log().await.head().await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let page = browser.get(&format!("/ui/me?min={head}")).await;
    page.ok().says_all(&["4 events that end later", "from=12"]);
    let page = browser.get(&format!("/ui/me?min={head}&from=12")).await;
    page.ok().says_all(&["1 review", "Back to the events that end first"]);
    assert!(!page.says("that end later"));
    browser.get("/ui/me?from=999999999999999999999").await.ok();

    let page = browser.get("/ui/me/history").await;
    let lines = |page: &Page| page.html.matches("<li><b>").count();
    assert_eq!(lines(page.ok()), 20);
    let older = page.html.split("cursor=").nth(1).unwrap().split('"').next().unwrap();
    let page = browser.get(&format!("/ui/me/history?cursor={older}")).await;
    assert_eq!(lines(page.ok()), 6);
    assert!(page.says("The newest") && !page.says("Older ones"));
    browser.get("/ui/me/history?cursor=nonsense").await.expect(400);
}

#[tokio::test]
async fn a_profile_is_changed_by_its_form_and_each_refusal_stands_at_its_field() {
    let stage = Stage::shared().await;
    let (mina, noah) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let taken = format!("n{}", unique());
    noah.client.patch("/auth/profile", &json!({"nickname": taken})).await.ok();
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let page = browser.get("/ui/me/profile").await;
    page.ok().says_all(&[&mina.email, "<option selected>UTC</option>", "to complete your profile"]);
    let token = page.field("token");
    let send = async |fields: &[(&str, &str)]| {
        let fields: Vec<_> = [("token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        browser.post("/ui/me/profile", &fields).await
    };
    let name = format!("m{}", unique());
    let whole =
        [("nickname", name.as_str()), ("bio", "Hello,\r\nworld"), ("profileImageUrl", "https://example.com/m.png")];
    send(&whole).await.leads_to("/ui/me/profile?saved=yes");
    let user = mina.client.get("/auth/me").await.ok()["user"].clone();
    let of = |user: &Value| ["nickname", "bio", "profileComplete"].map(|name| user[name].clone());
    assert_eq!(of(&user), [json!(name), json!("Hello,\nworld"), json!(true)]);

    let refused = send(&[("nickname", &taken), ("bio", "<script>"), ("profileImageUrl", "https://example.com")]).await;
    refused.expect(409).says_all(&[
        "id=\"nickname-how\" class=\"no\"",
        "href=\"#nickname\"",
        "nickname_taken",
        "&#60;script&#62;",
    ]);
    let refused = send(&[("nickname", &name), ("bio", "x"), ("profileImageUrl", "http://example.com")]).await;
    refused.expect(400).says_all(&["id=\"profileImageUrl-how\" class=\"no\"", "href=\"#profileImageUrl\""]);
    send(&[("nickname", &name), ("timeZone", "Asia/Seoul")]).await.leads_to("/ui/me/profile?saved=yes");
    let refused = send(&[("nickname", &name), ("timeZone", "Europe/Paris")]).await;
    refused.expect(409).says_all(&["time_zone_locked", "You can change it again from"]);
    let user = mina.client.get("/auth/me").await.ok()["user"].clone();
    assert_eq!(
        (&user["timeZone"], &user["bio"]),
        (&json!("Asia/Seoul"), &Value::Null),
        "an empty field takes a text away"
    );
}

#[tokio::test]
async fn whoever_is_invited_signs_up_and_counts_for_who_invited() {
    let stage = Stage::shared().await;
    let mina = stage.nobody().sign_up().await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let page = browser.get("/ui/me/invite").await;
    let code = mina.client.get("/auth/invite-code").await.text("/inviteCode");
    page.ok().says_all(&[&code, &format!("/ui/sign-up?invite={code}"), "Nobody has used your code yet"]);

    let newcomer = Browser::of(&stage.service);
    let page = newcomer.get(&format!("/ui/sign-up?invite={code}")).await;
    page.ok().says_all(&[&format!("value=\"{code}\"")]);
    let (email, key) = (format!("new-{}@example.org", unique()), page.field("key"));
    let form = |email: &str, birth_date: &str, code: &str| {
        [
            ("email", email),
            ("password", PASSWORD),
            ("birthDate", birth_date),
            ("timeZone", "Asia/Seoul"),
            ("key", key.as_str()),
            ("inviteCode", code),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |fields: [(String, String); 6]| {
        let fields = fields.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
        newcomer.post("/ui/sign-up", &fields).await
    };
    let refused = send(form(&email, "tomorrow", &code)).await;
    refused.expect(400).says_all(&["href=\"#birthDate\"", &format!("value=\"{email}\"")]);
    send(form(&mina.email, "1995-01-01", &code)).await.expect(409).says_all(&["email_taken", "href=\"#email\""]);
    send(form(&email, "1995-01-01", "NONE")).await.expect(422).says_all(&["href=\"#inviteCode\""]);
    send(form(&email, "1995-01-01", &code)).await.leads_to("/ui/me");
    newcomer.get("/ui/me").await.ok();
    let head = stage.log().await.head().await;
    browser.get(&format!("/ui/me/invite?min={head}")).await.ok().says_all(&["On the way: has not begun yet"]);
    browser.get(&format!("/ui/me?min={head}")).await.ok().says_all(&["No friend has qualified yet, 1 on the way."]);
}
