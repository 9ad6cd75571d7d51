-- What version 0.1.0 writes (migration 0046), in one transaction: somebody signs up, logs in and claims; the log, the guards, the
-- answers and the read models get their rows, with the columns that this version knows. A migration that refuses one of
-- these statements is a contract step.

update log_head set position = position + 1, hash = sha256(hash), recorded_at = greatest(recorded_at, now());

insert into events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                    subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch,
                    previous_hash, hash)
select position, gen_random_uuid(), 'claim', 'written-' || position, 1, 'claim.granted', '1', '{}', '{}',
       md5('member ' || position % 20000)::uuid::text, recorded_at, recorded_at, gen_random_uuid(), true, 'system',
       gen_random_uuid(), null, epoch, sha256(hash), hash
from log_head;

update reward_stock set granted = granted + 1 where reward_id = md5('reward')::uuid;
update campaign_budget set committed = committed + 1, claimed = true where campaign_id = md5('campaign')::uuid;

insert into member_grants (member_id, campaign_id, reward_id, committed)
select md5('member ' || position % 20000)::uuid, md5('campaign')::uuid, md5('reward')::uuid, 1 from log_head
on conflict (member_id, campaign_id, reward_id) do update set committed = member_grants.committed + 1;

insert into stored_answers (caller, key, fingerprint, answer, stored_at)
select 'somebody', position::text, hash, convert_to(repeat('a', 400), 'UTF8'), now() from log_head;

insert into accounts (id, email, email_key, password_hash, nickname, nickname_key, birth_date, time_zone, invite_code, role,
                      created_at, created_position, key_version, demo)
select md5('written ' || position)::uuid, position || '@written.example', position || '@written.example', repeat('h', 97),
       'n' || position, 'n' || position, '1990-01-01', 'Asia/Seoul', 'written-' || position, 'USER', now(), position, 2, false
from log_head;

update accounts set bio = 'changed' where id = (select md5('member ' || 1 + position % 20000)::uuid from log_head);

insert into unique_names (kind, name_key, owner, key_version)
select 'campaign', 'written ' || position, gen_random_uuid(), 2 from log_head;

insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
select gen_random_uuid(), md5('written ' || position)::uuid, hash, now(), now() + interval '1 day' from log_head;

insert into claims (claim_id, member_id, campaign_id, reward_id, period, amount, reward_type, status, reason,
                    condition_version, expires_at, created_position, position, created_at, updated_at)
select md5('claim ' || position)::uuid, md5('member ' || position % 20000)::uuid, md5('campaign')::uuid, md5('reward')::uuid,
       position::text, 10, 'POINT', 'granted', null, 1, null, position, position, recorded_at, recorded_at
from log_head;

insert into claimed_rewards (reward_id, campaign_id) values (md5('reward')::uuid, md5('campaign')::uuid)
on conflict (reward_id) do nothing;

insert into members (member_id, time_zone, joined_on, birthday_month, birthday_day, profile_complete, blocked, role,
                     registered_at, first_id, former_ids)
select md5('written ' || position)::uuid, 'Asia/Seoul', current_date, 1, 1, false, false, 'USER', recorded_at, null, null
from log_head;

insert into member_days (member_id, kind, local_date, count, sums)
select md5('member ' || position % 20000)::uuid, 'login', current_date, 1, '{}' from log_head
on conflict (member_id, kind, local_date) do update set count = member_days.count + 1;

insert into member_runs (member_id, kind, first_on, last_on)
select md5('member ' || position % 20000)::uuid, 'login', current_date, current_date from log_head
on conflict (member_id, kind, first_on) do nothing;

insert into referrals (invitee_id, inviter_id, status, created_position, created_at)
select md5('written ' || position)::uuid, md5('member 1')::uuid, 'pending', position, recorded_at from log_head;

insert into waiting_referrals (invitee_id, wakes_at, judged_by, facts_position)
select md5('written ' || position)::uuid, null, 'somehow', position from log_head;

insert into dashboard_marks (position, recorded_at, counts)
select position, recorded_at, array[position, position, position] from log_head;

insert into dashboard_sets (what, minutes, starts_at, shard, position, members)
select 'active', 15, date_trunc('hour', now()), 0, position, hash from log_head
on conflict (what, minutes, starts_at, shard) do update set position = excluded.position, members = excluded.members;

update checkpoints
set version = 1, position = (select position from log_head), owner = gen_random_uuid(), updated_at = now()
where name = 'claim_history';
