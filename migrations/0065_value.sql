-- Totals over all members along the log: what each account comes to, and what ends when. One row for each total and group of 1,024
-- positions in which it changed, as it stood behind the last change of the group.
create table value_totals (
    -- 'account', 'free' or 'held'
    kind     text collate "C" not null,
    unit     text collate "C" not null,
    -- the account, or the moment of the end, or 'never'
    part     text collate "C" not null,
    position bigint           not null,
    -- over all members: more than any of them can have
    amount   numeric          not null,
    constraint value_totals_one_row primary key (kind, unit, part, position)
);

-- When a lot ends that is no grant's own: whatever moves later names the lot alone. Those of grants are in their claims.
create table value_lots (
    lot_id     uuid           not null,
    expires_at timestamptz(3),
    constraint value_lots_one_row primary key (lot_id)
);

-- What one grant costs the programme; it never changes.
create table value_costs (
    reward_id   uuid             not null,
    campaign_id uuid             not null,
    currency    text collate "C" not null,
    amount      bigint           not null,
    constraint value_costs_one_row primary key (reward_id)
);
