//! Coupons stand where the domain says, and each member finds their own.

use projections::read_models::coupons::{self, Coupons};

use super::support::vouchers::{Vouchers, holder, standing};
use super::support::with_log;

#[tokio::test]
async fn coupons_stand_where_the_domain_says_and_each_member_finds_their_own() {
    with_log(async |log| {
        let mut vouchers = Vouchers::new(31);
        log.append((0..600).map(|_| vouchers.step()).collect()).await;
        log.project(Coupons, log.head(), 97, 1).await;
        let expected = standing(log.events.iter().map(|(_, draft)| draft));
        let mut conn = log.pool.acquire().await.unwrap();
        let mut found = 0;
        for number in 0..5 {
            let (mut before, mut walked) = (None, vec![]);
            loop {
                let rows = coupons::of_member(&mut conn, holder(number), before, 7).await.unwrap();
                let Some(last) = rows.last() else { break };
                before = Some(last.created_position);
                walked.extend(rows);
            }
            assert!(walked.is_sorted_by(|newer, older| newer.created_position > older.created_position));
            for row in &walked {
                assert_eq!(row.member_id, holder(number).0);
                assert_eq!((row.uses, row.voided), expected[&row.coupon_id], "{row:?}");
            }
            found += walked.len();
        }
        assert_eq!(found, expected.len());
        assert!(expected.values().any(|(uses, voided)| *uses > 1 && !voided));
    })
    .await;
}
