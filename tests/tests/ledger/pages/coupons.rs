//! The pages of coupons: the codes of a member, the codes of a reward, and a coupon that staff void.

use serde_json::json;
use tests::support::{
    Browser, Client, Stage,
    programme::{anybody, event, reward, unique, with},
};

/// A reward that hands out coupons, and whose name tries to be markup; and from where on two codes of it are there.
async fn coupons(operator: &Client) -> (String, i64) {
    let campaign =
        operator.create_event(&with(event(anybody()), json!({"name": format!("Coffee {}", unique())}))).await;
    let coupon = json!({"name": "A <b>coffee</b>", "type": "COUPON", "amount": 1, "codes": true,
                        "expiry": {"date": "2030-12-31"}});
    let prize = operator.create_reward(&with(reward(&campaign, None), coupon)).await;
    let made = operator.post(&format!("/rewards/{prize}/codes/generate"), &json!({"count": 2})).await;
    made.created();
    (prize, made.position())
}

#[tokio::test]
async fn a_member_sees_their_code_and_staff_void_the_coupon_without_seeing_it() {
    let stage = Stage::shared().await;
    let (prize, _) = coupons(&stage.operator().await).await;
    let granted = stage.service.demo("member").await.claim(&prize).await;
    let (claim, code, min) = (granted.text("/claim/id"), granted.text("/claim/coupon/code"), granted.position());
    let shown = format!("<code>{code}</code>");
    let member = Browser::of(&stage.service).demo("member").await;
    let own = member.get(&format!("/ui/me/coupons?min={min}")).await;
    own.ok().says_all(&[&shown, "A &#60;b&#62;coffee", "Can be used", "31 Dec 2030"]);
    member.get(&format!("/ui/me/claims/{claim}?min={min}")).await.ok().says_all(&[&shown, "/ui/me/coupons"]);

    let path = format!("/ui/claims/{claim}");
    let auditor = Browser::of(&stage.service).demo("auditor").await.get(&format!("{path}?min={min}")).await;
    auditor.ok().says_all(&["Can be used"]);
    assert!(!auditor.says("void-note") && !auditor.says(&code), "{}", auditor.html);
    let operator = Browser::of(&stage.service).demo("operator").await;
    let page = operator.get(&format!("{path}?min={min}")).await;
    page.ok().says_all(&["void-note", "It handed out a coupon with a code"]);
    assert!(!page.says(&code), "{}", page.html);
    let (token, key) = (page.field("token"), page.field("key"));
    let void = async |note: &str| {
        operator.post(&format!("{path}/coupon"), &[("token", &token), ("key", &key), ("note", note)]).await
    };
    void("").await.expect(400).says_all(&["validation_failed"]);
    let voided = operator.get(void("Sent twice.").await.leads_to(&path)).await;
    voided.ok().says_all(&["Void"]);
    assert!(!voided.says("void-note"), "{}", voided.html);
    let own = member.get(&format!("/ui/me/coupons?min={min}")).await;
    assert!(own.ok().says("Void") && !own.says(&shown), "a code that is good for nothing is not shown: {}", own.html);
    operator.get("/ui/me/coupons").await.expect(403);
}

#[tokio::test]
async fn operators_make_codes_and_take_the_last_ones_out() {
    let stage = Stage::shared().await;
    let (prize, min) = coupons(&stage.operator().await).await;
    let operator = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/rewards/{prize}");
    let page = operator.get(&format!("{path}?min={min}")).await;
    page.ok().says_all(&["2 of 2 codes", "A coupon can be used through"]);
    assert!(!page.says("name=\"delta\""), "its stock is its codes: {}", page.html);
    let token = page.field("token");
    let change = async |step: &str, count: &str| {
        let key = unique();
        let fields = [("token", token.as_str()), ("key", &key), ("do", step), ("count", count)];
        operator.post(&format!("{path}/codes"), &fields).await
    };
    change("generate", "many").await.expect(400).says_all(&["validation_failed", "2 of 2 codes"]);
    let more = operator.get(change("generate", "3").await.leads_to(&path)).await;
    more.ok().says_all(&["5 of 5 codes"]);
    change("withdraw", "6").await.expect(409).says_all(&["below_committed"]);
    operator.get(change("withdraw", "1").await.leads_to(&path)).await.ok().says_all(&["4 of 4 codes"]);
    let auditor = Browser::of(&stage.service).demo("auditor").await.get(&path).await;
    assert!(auditor.ok().says("4 of 4 codes") && !auditor.says("withdraw"), "auditors look: {}", auditor.html);
}

#[tokio::test]
async fn a_reward_with_codes_is_added_by_the_form() {
    let stage = Stage::shared().await;
    let campaign = stage.operator().await.create_event(&event(anybody())).await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/rewards?eventId={campaign}")).await;
    let (token, key) = (page.ok().field("token"), page.field("key"));
    let fields =
        [("token", token.as_str()), ("key", &key), ("eventId", &campaign), ("name", "Tea"), ("type", "COUPON")];
    let coded = [fields.as_slice(), &[("codes", "true"), ("maxUses", "2"), ("bound", "true")]].concat();
    let reward = browser.get(browser.post("/ui/rewards", &coded).await.leads_to("/ui/rewards/")).await;
    reward.ok().says_all(&["0 of 0 codes"]);
}
