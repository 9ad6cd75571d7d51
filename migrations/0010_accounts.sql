-- The people behind the random ids of the log: all personal data there is. Rows may change and be blanked.

create table accounts (
    id                uuid           not null,
    email             text           not null,
    -- the e-mail and the nickname as they are compared: without regard to case
    email_key         text           not null,
    password_hash     text           not null,
    nickname          text,
    nickname_key      text,
    bio               text,
    profile_image_url text,
    -- unknown for those who were made on the command line
    birth_date        date,
    time_zone         text           not null,
    invite_code       text           not null,
    role              text           not null,
    blocked           boolean        not null default false,
    created_at        timestamptz(3) not null,
    constraint accounts_one_row primary key (id),
    constraint accounts_one_an_email unique (email_key),
    constraint accounts_one_a_nickname unique (nickname_key),
    constraint accounts_one_an_invite_code unique (invite_code)
);

-- One log-in and the refresh tokens that followed from it. Tokens are kept as hashes alone.
create table refresh_families (
    id            uuid           not null,
    account_id    uuid           not null,
    token_hash    bytea          not null,
    -- of the token before it, which two tabs may still hold for a moment
    previous_hash bytea,
    rotated_at    timestamptz(3) not null,
    expires_at    timestamptz(3) not null,
    revoked_at    timestamptz(3),
    constraint refresh_families_one_row primary key (id),
    constraint refresh_families_of_an_account foreign key (account_id) references accounts (id)
);

create index refresh_families_of_an_account_by_age on refresh_families (account_id, expires_at);
