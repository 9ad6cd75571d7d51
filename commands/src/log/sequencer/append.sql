with head as (
    update log_head
    set position = {position}, hash = {hash}, recorded_at = {recorded_at}
    where ctid = coalesce((select ctid from log_head where ctid = {head_place}::text::tid), (select ctid from log_head))
      and position = {previous_position}
      and epoch = {epoch}
    returning ctid::text as place
), appended as (
    insert into events (
        position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch,
        previous_hash, hash
    )
    select
        {previous_position} + number, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
        payload::json, metadata::json, subject, occurred_at, new_events.recorded_at, command_id, opens_command, actor,
        correlation_id, causation_id, {epoch}, previous_hash, hash
    from {new_events}
    where exists (select from head)
), stock as (
    update reward_stock s
    set held = s.held + stock_changes.held, granted = s.granted + stock_changes.granted
    from {stock_changes}
    cross join lateral (
        select ctid as place
        from reward_stock
        where reward_stock.ctid = stock_changes.place::tid and reward_stock.reward_id = stock_changes.reward_id
        union all
        select ctid
        from reward_stock
        where reward_stock.reward_id = stock_changes.reward_id
        limit 1
    ) as found
    where s.ctid = found.place and exists (select from head)
    returning s.reward_id as id, s.ctid::text as place
), budget as (
    update campaign_budget b
    set committed = b.committed + budget_changes.committed, claimed = true
    from {budget_changes}
    cross join lateral (
        select ctid as place
        from campaign_budget
        where campaign_budget.ctid = budget_changes.place::tid and campaign_budget.campaign_id = budget_changes.campaign_id
        union all
        select ctid
        from campaign_budget
        where campaign_budget.campaign_id = budget_changes.campaign_id
        limit 1
    ) as found
    where b.ctid = found.place and (budget_changes.committed <> 0 or not b.claimed) and exists (select from head)
    returning b.campaign_id as id, b.ctid::text as place
), members as (
    insert into member_grants as m (member_id, campaign_id, reward_id, committed)
    select member_id, campaign_id, reward_id, committed
    from {grant_changes}
    where committed > 0 and exists (select from head)
    on conflict (member_id, campaign_id, reward_id) do update
    set committed = m.committed + excluded.committed
), given_back as (
    update member_grants m
    set committed = m.committed + grant_changes.committed
    from {grant_changes}
    cross join lateral (
        select ctid as place
        from member_grants
        where member_grants.member_id = grant_changes.member_id
          and member_grants.campaign_id = grant_changes.campaign_id
          and member_grants.reward_id = grant_changes.reward_id
        limit 1
    ) as found
    where m.ctid = found.place and grant_changes.committed < 0 and exists (select from head)
), answers as (
    insert into stored_answers (caller, key, fingerprint, answer, stored_at)
    select caller, key, fingerprint, answer, {recorded_at}
    from {new_answers}
    where exists (select from head)
)
