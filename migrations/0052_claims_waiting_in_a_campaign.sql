-- no-transaction
-- The same of one campaign.
create index concurrently claims_waiting_in_a_campaign on claims (campaign_id, expires_at, created_position) where expires_at is not null;
