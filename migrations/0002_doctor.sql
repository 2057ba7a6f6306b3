-- Nonces of echoes that came in through PUBLIC_URL: the doctor's proof that it leads here. Taken away when seen, or after an hour.
create table echoes (
    nonce text not null primary key,
    at bigint not null
);

-- Who changed what at Twilio, append-only.
create table mends (
    id text not null primary key,
    at bigint not null,
    -- a user's e-mail address, or `command line`
    who text not null,
    application_sid text not null,
    -- JSON: field → value; an application that was made had none before
    before text not null,
    after text not null
);
create index mends_recent on mends (at desc);
