-- What version 0.1.0 reads: every table and view of its schema (migration 0046) with every column that it knows. A migration
-- that takes one away, or renames it, is a contract step.

select id, email, email_key, password_hash, nickname, nickname_key, bio, profile_image_url, birth_date,
       time_zone, invite_code, role, blocked, created_at, created_position, role_since, erased_at, key_version,
       first_id, claims_settled, demo
from accounts order by 1 desc limit 50;
select campaign_id, max_reward_count, per_member_limit, committed, claimed
from campaign_budget order by 1 desc limit 50;
select campaign_id, starts_at, ends_at, opened_for, closed_for, ended, next_edge_at
from campaign_windows order by 1 desc limit 50;
select campaign_id, name, description, starts_at, ends_at, frequency, time_zone, approval, max_reward_count,
       per_member_limit, pending_expires_after, condition, condition_version, run, sequence, created_position,
       position, created_at
from campaigns order by 1 desc limit 50;
select name, version, position, epoch, owner, updated_at, state, trouble_position, trouble, lease_epoch
from checkpoints order by 1 desc limit 50;
select reward_id, campaign_id
from claimed_rewards order by 1 desc limit 50;
select claim_id, member_id, campaign_id, reward_id, period, amount, reward_type, status, reason,
       condition_version, expires_at, created_position, position, created_at, updated_at
from claims order by 1 desc limit 50;
select campaign_id, position, created_position, name, run, starts_at, ends_at, ended_at
from dashboard_campaigns order by 1 desc limit 50;
select occurred_at, position, member, change
from dashboard_facts order by 1 desc limit 50;
select reward_id, position, held, granted, amount
from dashboard_grants order by 1 desc limit 50;
select position, recorded_at, counts
from dashboard_marks order by 1 desc limit 50;
select member_id, ordinal, registered_at, counted, first_claim_position
from dashboard_members order by 1 desc limit 50;
select position, member, registered_at, change, corrects
from dashboard_memberships order by 1 desc limit 50;
select reward_id, position, campaign_id, reward_type, quantity
from dashboard_rewards order by 1 desc limit 50;
select what, minutes, starts_at, shard, position, members
from dashboard_sets order by 1 desc limit 50;
select topic, partition, "offset", refused_at, replayed_at
from dead_letters_replayed order by 1 desc limit 50;
select fingerprint, member_id, first_id, blocked, erased_at
from erased_emails order by 1 desc limit 50;
select position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
       subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch,
       previous_hash, hash
from events order by 1 desc limit 50;
select topic, partition, next_offset, owner, cluster_id, known_offset, known_message
from inbound_offsets order by 1 desc limit 50;
select number, follower, step, position, reason, actor, at
from interventions order by 1 desc limit 50;
select name, owner, epoch, expires_at
from leases order by 1 desc limit 50;
select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone,
       invite_code, role, role_since, blocked, created_at, created_position, demo
from living_accounts order by 1 desc limit 50;
execute living_accounts_of_before;
select the_only_one, position, hash, recorded_at, epoch, system_identifier, timeline
from log_head order by 1 desc limit 50;
select through, hash, rows
from log_pages order by 1 desc limit 50;
select member_id, kind, local_date, count, sums
from member_days order by 1 desc limit 50;
select member_id, campaign_id, reward_id, committed
from member_grants order by 1 desc limit 50;
select member_id, invitee_id, local_date
from member_referrals order by 1 desc limit 50;
select member_id, kind, first_on, last_on
from member_runs order by 1 desc limit 50;
select member_id, time_zone, joined_on, birthday_month, birthday_day, profile_complete, blocked, role,
       registered_at, first_id, former_ids
from members order by 1 desc limit 50;
select follower, stream_type, stream_id, position, reason, parked_at
from parked_streams order by 1 desc limit 50;
select name, version, position, epoch, started_at, updated_at
from rebuilds order by 1 desc limit 50;
select invitee_id, inviter_id, status, created_position, created_at, qualified_at, qualified_on
from referrals order by 1 desc limit 50;
select id, account_id, token_hash, previous_hash, rotated_at, expires_at, revoked_at
from refresh_families order by 1 desc limit 50;
select the_only_one, topic, cluster_id, partition, message_offset, position
from relay_place order by 1 desc limit 50;
select reward_id, campaign_id, quantity, held, granted, per_member_limit
from reward_stock order by 1 desc limit 50;
select reward_id, campaign_id, name, description, reward_type, amount, quantity, per_member_limit, held,
       granted, created_position, created_at
from rewards order by 1 desc limit 50;
select id, account_id, key_hash, created_at, revoked_at
from service_keys order by 1 desc limit 50;
select account_id, name, sources
from services order by 1 desc limit 50;
select caller, key, fingerprint, answer, stored_at
from stored_answers order by 1 desc limit 50;
select kind, name_key, owner, key_version
from unique_names order by 1 desc limit 50;
select the_only_one, started_at, result
from verification order by 1 desc limit 50;
select invitee_id, wakes_at, judged_by, facts_position
from waiting_referrals order by 1 desc limit 50;
select follower, partition, position, topic, next_offset, seen_position, owner, epoch, attended_until,
       updated_at
from worker_partitions order by 1 desc limit 50;
