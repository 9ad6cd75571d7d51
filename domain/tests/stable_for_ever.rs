//! Values that are stored and published and can therefore never change: derived ids, and the hash of
//! an event in the chain. The expected values were computed by another program, in another language,
//! from the description alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chrono::DateTime;
use domain::Moment;
use domain::chain::{GENESIS, Sealed};
use domain::id::{
    ActivityId, BudgetPeriodId, ClaimId, LotId, MemberId, RedemptionId, RewardId, SpendId, TransferId, WalletId,
};
use domain::value::{Reference, UnitCode};
use uuid::Uuid;

const MEMBER: &str = "0190d3f0-7c11-7a53-9b1e-4b6f0d2c8a01";
const REWARD: &str = "0190d3f1-1b4d-7f2a-93e8-7d9f5a2c8b04";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn the_id_of_a_claim_is_the_same_for_ever() {
    let check = |reward: &str, member: &str, period, expected| {
        let (reward, member): (RewardId, MemberId) = (reward.parse().unwrap(), member.parse().unwrap());
        assert_eq!(ClaimId::of(reward, member, period).to_string(), expected, "{period}");
    };
    check(REWARD, MEMBER, "once", "7512da74-22c3-8d25-abf8-7dccabcf1f2a");
    check(REWARD, MEMBER, "2026-11-21", "dd4037eb-7a9c-8b97-acb1-6d8d87c06c93");
    check(REWARD, MEMBER, "2026-W47", "2e1fbea5-992d-87d7-99b4-4b1204a70a75");
    check(REWARD, MEMBER, "2026-11", "cf212ae7-07a1-82d9-8bc9-2158d4a7d2ac");
    check(NOBODY, NOBODY, "once", "cc51db4e-1d00-8f0e-99ae-694c47c17e0c");
}

#[test]
fn the_id_of_an_activity_is_the_same_for_ever() {
    let check = |source, id, expected| assert_eq!(ActivityId::of(source, id).to_string(), expected, "{source} {id}");
    check("timer", "session-20261121-0007", "b3d0fbcd-fc97-8ee4-995e-2a694bd802f2");
    check("ledger", "0190d3f0-7c11-7a53-9b1e-4b6f0d2c8a01/2026-11-21", "e4c60615-47b5-843a-abb1-2c81e42a0518");
    check("shop", "주문-7", "6c7c105c-ef17-8ac5-be12-98249306bdb7");
    check("", "", "84263290-c640-8aaf-97bb-629275743e0c");
}

#[test]
fn the_ids_of_what_moves_value_are_the_same_for_ever() {
    let member: MemberId = MEMBER.parse().unwrap();
    let shop: MemberId = "0190d3f5-1a2b-7c3d-8e4f-5a6b7c8d9e10".parse().unwrap();
    let reference = |text: &str| Reference::try_from(text.to_owned()).unwrap();
    let check = |id: Uuid, expected| assert_eq!(id.to_string(), expected);
    let spend = SpendId::of(shop, &reference("order-1"));
    let transfer = TransferId::of(member, &reference("birthday"));
    let lot = LotId::from(ClaimId::of(REWARD.parse().unwrap(), member, "2026-W47"));
    check(WalletId::of(member, &UnitCode::points()).0, "4e25dec9-9f9e-80bd-9089-a06d1ec215a7");
    check(spend.0, "38e776cd-1b6d-8872-b553-0c51124692e1");
    check(transfer.0, "03d4f822-1355-8afd-aac4-1cbad0849aff");
    check(RedemptionId::of(shop, &reference("주문-7")).0, "f3fb8164-6653-8ab3-9863-80c5e8aabd50");
    check(lot.0, "2e1fbea5-992d-87d7-99b4-4b1204a70a75");
    check(LotId::of_refund(spend.0, "back-1").0, "4d62ff29-3a4a-8e54-bfa3-4d4f07308a75");
    check(LotId::of_transfer(transfer, lot).0, "fb5c2624-50b2-8eaa-b91e-6c92895e5701");
    let campaign = "0190d3f1-0a3c-7e19-a2d7-6c8e4f1b7a03";
    check(BudgetPeriodId::of(campaign, "points", "2026-11-21").0, "616aaa93-596b-8d44-8e62-8a54954332e7");
    check(BudgetPeriodId::of("programme", "KRW", "2026-11").0, "dbccf9fa-6c7a-8264-9cfe-32bd9478da94");
}

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn first() -> Sealed<'static> {
    Sealed {
        position: 1,
        epoch: 1,
        event_id: uuid("0190d3f2-2c5e-7a3b-84f9-8eaf6b3d9c05"),
        stream_type: "activity",
        stream_id: "0190d3f2-3d6f-8b4c-950a-9fb07c4ead06",
        sequence: 1,
        event_type: "activity.recorded",
        version: "1",
        subject: MEMBER,
        payload: r#"{"type":"activity.recorded","note":"시간 ✓"}"#,
        metadata: r#"{"actor":"timer"}"#,
        occurred_at: at("2026-11-21T17:00:00+09:00"),
        recorded_at: at("2026-11-21T08:00:01.250999Z"),
        command_id: uuid("0190d3f2-4e70-7c5d-a61b-a0c18d5fbe07"),
        actor: "timer",
        correlation_id: uuid("0190D3F2-5F81-7D6E-B72C-B1D29E60CF08"),
        causation_id: None,
        previous_hash: GENESIS,
    }
}

fn second() -> Sealed<'static> {
    Sealed {
        position: 2,
        epoch: 3,
        sequence: 12,
        event_type: "activity.voided",
        payload: r#"{"type":"activity.voided"}"#,
        causation_id: Some(first().event_id),
        previous_hash: first().hash(),
        ..first()
    }
}

#[test]
fn the_hash_of_an_event_is_what_its_description_says() {
    let check = |sealed: Sealed<'_>, expected: &str| assert_eq!(hex::encode(sealed.hash()), expected);
    check(first(), "c9fca749dc1354beb749ce13c3061b9f4a8b74f8134faa8eb1b18eeade84d1a7");
    check(second(), "3dc29dc4213fd0d5cd0ee2baef2adc9f86e06a777383ff8424c1be4f3e687902");
}

#[test]
fn a_change_of_any_field_is_another_hash() {
    let other = Uuid::from_u128(7);
    let changed = [
        second(),
        Sealed { position: 3, ..second() },
        Sealed { epoch: 4, ..second() },
        Sealed { event_id: other, ..second() },
        Sealed { stream_type: "claim", ..second() },
        Sealed { stream_id: "", ..second() },
        Sealed { sequence: 13, ..second() },
        Sealed { event_type: "activity.recorded", ..second() },
        Sealed { version: "2", ..second() },
        Sealed { subject: NOBODY, ..second() },
        Sealed { payload: r#"{"type": "activity.voided"}"#, ..second() },
        Sealed { metadata: "{}", ..second() },
        Sealed { occurred_at: at("2026-11-21T08:00:00.001Z"), ..second() },
        Sealed { recorded_at: at("2026-11-21T08:00:01.251Z"), ..second() },
        Sealed { command_id: other, ..second() },
        Sealed { actor: "survey", ..second() },
        Sealed { correlation_id: other, ..second() },
        Sealed { causation_id: None, ..second() },
        Sealed { causation_id: Some(other), ..second() },
        Sealed { previous_hash: GENESIS, ..second() },
        // the end of one field is not the beginning of the next
        Sealed { stream_type: "activity0", stream_id: "190d3f2-3d6f-8b4c-950a-9fb07c4ead06", ..second() },
    ];
    let hashes: BTreeSet<_> = changed.iter().map(Sealed::hash).collect();
    assert_eq!(hashes.len(), changed.len());
}
