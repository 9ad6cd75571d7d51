-- A database of version 0.1.0 (migration 0046) with something in it: 20,000 members, each with facts and claims. The events
-- say nothing; they are as many and as long as real ones.

insert into events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                    subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, epoch,
                    previous_hash, hash)
select position, gen_random_uuid(), case when position % 4 = 0 then 'claim' else 'activity' end, 'filled-' || position, 1,
       case when position % 4 = 0 then 'claim.granted' else 'activity.recorded' end, '1',
       json_build_object('filler', repeat('x', 300)), '{}', md5('member ' || position % 20000)::uuid::text,
       now(), now(), gen_random_uuid(), true, 'system', gen_random_uuid(), 1,
       sha256(convert_to((position - 1)::text, 'UTF8')), sha256(convert_to(position::text, 'UTF8'))
from generate_series(1, 200000) as position;

update log_head set position = 200000, hash = sha256('200000'), recorded_at = now();

insert into accounts (id, email, email_key, password_hash, birth_date, time_zone, invite_code, role, created_at,
                      created_position)
select md5('member ' || number)::uuid, number || '@example.com', number || '@example.com', repeat('h', 97), '1990-01-01',
       'Asia/Seoul', 'invite-' || number, 'USER', now(), number
from generate_series(1, 20000) as number;

insert into members (member_id, time_zone, joined_on, profile_complete, blocked, role, registered_at)
select id, time_zone, current_date, false, false, role, created_at
from accounts;

insert into member_days (member_id, kind, local_date, count, sums)
select id, 'login', current_date - days, 1, '{}'
from accounts
cross join generate_series(1, 10) as days;

insert into reward_stock (reward_id, campaign_id, quantity, per_member_limit)
values (md5('reward')::uuid, md5('campaign')::uuid, 1000000000, null);

insert into campaign_budget (campaign_id, max_reward_count, per_member_limit) values (md5('campaign')::uuid, null, null);

insert into claims (claim_id, member_id, campaign_id, reward_id, period, amount, reward_type, status, condition_version,
                    created_position, position, created_at, updated_at)
select md5('claim ' || position)::uuid, subject::uuid, md5('campaign')::uuid, md5('reward')::uuid, position::text, 10, 'POINT',
       'granted', 1, position, position, recorded_at, recorded_at
from events
where aggregate_type = 'claim';

insert into checkpoints (name, version, position, epoch, owner, updated_at)
values ('claim_history', 1, 200000, 1, gen_random_uuid(), now());

insert into dashboard_marks (position, recorded_at, counts)
select position, recorded_at, array[position, position, position]
from events
where position % 1000 = 0;
