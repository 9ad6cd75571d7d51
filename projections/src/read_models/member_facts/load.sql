-- One statement is one snapshot: the rows at the checkpoint, the fact events beyond it and the head.
-- Every look-up stands in a lateral subquery with its key, so that no plan reads a whole table;
-- the tail repeats the predicate of the partial index events_facts_of_a_subject.
select at.head, at.folded,
       member.time_zone, member.joined_on, member.birthday_month, member.birthday_day,
       member.profile_complete, member.blocked, member.role, member.first_id, member.former_ids,
       runs.kinds as run_kinds, runs.firsts as run_firsts, runs.lasts as run_lasts,
       days.kinds as day_kinds, days.dates as day_dates, days.counts as day_counts, days.sums as day_sums,
       referrals.invitees, referrals.dates as referral_dates,
       tail.positions as tail_positions, tail.types as tail_types, tail.versions as tail_versions,
       tail.payloads as tail_payloads,
       claim.sequences as claim_sequences, claim.types as claim_types, claim.versions as claim_versions,
       claim.payloads as claim_payloads, claim.actors as claim_actors, claim.positions as claim_positions,
       claim.times as claim_times
-- the head is the last event's position: log_head has a version for each append, and an old snapshot keeps all of them
from (
    select coalesce((select position from events order by position desc limit 1), 0) as head,
           coalesce((select position from checkpoints where name = 'member_facts'), 0) as folded
) as at
cross join unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::boolean[], $6::integer[], $7::text[])
    with ordinality as wanted(member_id, date_kinds, tally_kinds, every_kind, referrals, partition, claim_id, number)
-- what workers feed is folded up to where the member's partition is
cross join lateral (
    select coalesce(
        (select position from worker_partitions where follower = 'member_facts' and partition = wanted.partition),
        at.folded) as folded
) as member_at
left join lateral (
    select time_zone, joined_on, birthday_month, birthday_day, profile_complete, blocked, role, first_id, former_ids
    from members
    where members.member_id = wanted.member_id
    limit 1
) as member on true
cross join lateral (
    select array_agg(kind) as kinds, array_agg(first_on) as firsts, array_agg(last_on) as lasts
    from member_runs
    where member_runs.member_id = wanted.member_id
      and (wanted.every_kind or kind = any(string_to_array(wanted.date_kinds, ',')))
) as runs
cross join lateral (
    select array_agg(kind) as kinds, array_agg(local_date) as dates, array_agg(count) as counts,
           array_agg(sums::text) as sums
    from member_days
    where member_days.member_id = wanted.member_id
      and wanted.tally_kinds <> ''
      and kind = any(string_to_array(wanted.tally_kinds, ','))
) as days
cross join lateral (
    select array_agg(invitee_id) as invitees, array_agg(local_date) as dates
    from member_referrals
    where wanted.referrals
      and member_referrals.member_id = wanted.member_id
) as referrals
cross join lateral (
    select array_agg(position) as positions, array_agg(event_type) as types, array_agg(event_version) as versions,
           array_agg(payload) as payloads
    from (
        select position, event_type, event_version, payload::text as payload
        from events
        where events.subject = wanted.member_id::text
          and events.position > member_at.folded
          and events.aggregate_type in ('member', 'activity', 'referral')
        order by events.subject, events.position
    ) as fact
) as tail
-- a null names no claim
cross join lateral (
    select array_agg(sequence) as sequences, array_agg(event_type) as types, array_agg(event_version) as versions,
           array_agg(payload) as payloads, array_agg(actor) as actors, array_agg(position) as positions,
           array_agg(recorded_at) as times
    from (
        select sequence, event_type, event_version, payload::text as payload, actor, position, recorded_at
        from events
        where events.aggregate_type = 'claim' and events.aggregate_id = wanted.claim_id
        order by events.aggregate_type, events.aggregate_id, events.sequence
    ) as step
) as claim
order by wanted.number
