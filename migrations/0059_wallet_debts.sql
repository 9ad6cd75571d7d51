-- What a member owes after a grant was taken back that they had used.
create table wallet_debts (
    member_id uuid             not null,
    unit      text collate "C" not null,
    owed      bigint           not null,
    constraint wallet_debts_one_row primary key (member_id, unit),
    constraint wallet_debts_settled_once check (owed >= 0)
);
