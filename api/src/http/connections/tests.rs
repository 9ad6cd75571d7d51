use proptest::prelude::*;

use super::*;

const HERE: &str = "192.0.2.1";

/// Limits of 4 in all and 2 an address; the service runs for a minute already.
fn connections() -> Connections {
    let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
    let limits = ConnectionLimits { most: 4, most_an_address: 2, proxies };
    Connections::started(limits, Instant::now() - Duration::from_secs(60))
}

fn admit(connections: &Connections, from: &str) -> Option<Counted> {
    connections.admit(from.parse().unwrap())
}

fn has_waited_since(counted: &Counted, millis: u64) {
    counted.seat.waits_since.store(millis, Ordering::Relaxed);
}

fn has_to_go(counted: &Counted) -> bool {
    counted.seat.closed.is_cancelled()
}

#[test]
fn one_too_many_of_an_address_takes_the_place_of_the_one_that_has_waited_longest() {
    let connections = connections();
    let (first, second) = (admit(&connections, HERE).unwrap(), admit(&connections, HERE).unwrap());
    has_waited_since(&first, 20_000);
    has_waited_since(&second, 10_000);
    let _third = admit(&connections, HERE).expect("the second one makes room");
    assert_eq!((has_to_go(&first), has_to_go(&second)), (false, true));
}

#[test]
fn whoever_is_being_answered_or_has_just_come_makes_no_room() {
    let connections = connections();
    let (working, fresh) = (admit(&connections, HERE).unwrap(), admit(&connections, HERE).unwrap());
    working.seat.works();
    assert!(admit(&connections, HERE).is_none());
    assert!(!has_to_go(&working) && !has_to_go(&fresh));
    drop(fresh);
    assert!(admit(&connections, HERE).is_some(), "whoever leaves makes room");
}

#[test]
fn another_address_has_room_of_its_own_until_all_of_it_is_taken() {
    let connections = connections();
    let all: Vec<_> = [HERE, HERE, "192.0.2.2", "192.0.2.3"].map(|from| admit(&connections, from).unwrap()).into();
    assert!(admit(&connections, "192.0.2.4").is_none(), "all have just come");
    has_waited_since(&all[2], 5_000);
    assert!(admit(&connections, "192.0.2.4").is_some());
    assert!(has_to_go(&all[2]));
}

#[test]
fn the_address_of_a_proxy_has_no_limit_of_its_own() {
    let connections = connections();
    let of_proxy: Vec<_> = (0..4).map(|_| admit(&connections, "10.0.0.1").unwrap()).collect();
    assert!(admit(&connections, "10.0.0.1").is_none(), "but there is one in all");
    drop(of_proxy);
}

#[test]
fn an_ipv6_network_is_one_address() {
    let connections = connections();
    let _both = ["2001:db8:1:2::1", "2001:db8:1:2::2"].map(|from| admit(&connections, from).unwrap());
    assert!(admit(&connections, "2001:db8:1:2:ffff::1").is_none());
    assert!(admit(&connections, "2001:db8:1:3::1").is_some());
}

proptest! {
    /// Whoever comes, waits, works and leaves, in any order: the limits hold, and nothing is counted that is gone.
    #[test]
    fn there_are_never_more_than_there_may_be(steps in prop::collection::vec((0_u8..4, 0_u8..6, 0_usize..8), 0..200)) {
        let connections = connections();
        let mut held: Vec<Counted> = Vec::new();
        for (what, from, which) in steps {
            match what {
                0 | 1 => held.extend(admit(&connections, &format!("192.0.2.{from}"))),
                2 if which < held.len() => drop(held.swap_remove(which)),
                _ => {
                    if let Some(counted) = held.get(which) {
                        if from < 3 { counted.seat.works() } else { has_waited_since(counted, u64::from(from)) }
                    }
                }
            }
            let staying = held.iter().filter(|counted| !has_to_go(counted));
            let open = connections.open();
            prop_assert_eq!(open.in_all, staying.clone().count());
            prop_assert_eq!(open.in_all, open.by_address.values().map(Vec::len).sum::<usize>());
            prop_assert!(open.in_all <= 4 && open.by_address.values().all(|seats| (1..=2).contains(&seats.len())));
        }
    }
}
