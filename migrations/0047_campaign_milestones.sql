-- What changed in a campaign and when: marks on every timeline, and the versions of its rule.

create table campaign_milestones (
    position    bigint         not null,
    campaign_id uuid           not null,
    recorded_at timestamptz(3) not null,
    -- rule: a version of the condition came into force; terms: something else was revised; opened, ended
    kind        text collate "C" not null,
    -- the name from then on
    name        text           not null,
    -- of the rule that came into force, and the tree as the API shows it
    version     bigint,
    condition   json,
    constraint campaign_milestones_one_row primary key (position)
);

create index campaign_milestones_of_a_campaign on campaign_milestones (campaign_id, position);

-- For each of these moments, in ascending order, the last position before it that is not beyond another one. Moments never
-- decrease along the log and positions have no holes, so that halving finds it, each time behind the one before.
create function positions_before(moments timestamptz[], through bigint) returns bigint[] language plpgsql stable as $$
declare
    found  bigint[] := '{}';
    moment timestamptz;
    low    bigint := 1;
    high   bigint;
    half   bigint;
begin
    foreach moment in array moments loop
        high := through + 1;
        while low < high loop
            half := (low + high) / 2;
            if (select recorded_at < moment from events where position = half) then
                low := half + 1;
            else
                high := half;
            end if;
        end loop;
        found := found || (low - 1);
    end loop;
    return found;
end
$$;
