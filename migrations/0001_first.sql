-- One text for SQLite and PostgreSQL: ids are text, times are integer milliseconds since 1970, every integer is a bigint.

create table users (
    id text not null primary key,
    -- lower case
    email text not null unique,
    name text not null,
    role text not null,
    password_hash text not null,
    -- what `client:IDENTITY` carries; derived from id
    identity text not null unique,
    disabled_at bigint,
    created_at bigint not null
);

create table sessions (
    -- a hash of the cookie's token, never the token
    id_hash text not null primary key,
    user_id text not null references users (id) on delete cascade,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table settings (
    name text not null primary key,
    value text not null
);

-- Browser tabs that have a registered phone.
create table phones (
    user_id text not null references users (id) on delete cascade,
    tab text not null,
    seen_at bigint not null,
    primary key (user_id, tab)
);

-- One row, whose lock orders the commits of several servers: a change number is visible in commit order.
create table counters (
    name text not null primary key,
    value bigint not null
);
insert into counters (name, value) values ('change', 0);

-- What folding a call's events gives. `evidence` is the fold itself; the other columns are read from it.
create table calls (
    sid text not null primary key,
    change bigint not null unique,
    evidence text not null,
    direction text not null,
    -- page, rest, inbound, or null where nobody said
    origin text,
    agent_identity text,
    from_number text not null,
    to_number text not null,
    status text not null,
    reason text,
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint,
    duration_secs bigint,
    child_sid text,
    -- what a callback without a RecordingSid said
    recording_status text
);
create index calls_recent on calls (started_at desc, sid desc);
create index calls_agent_recent on calls (agent_identity, started_at desc, sid desc);
create index calls_live on calls (started_at) where ended_at is null;

-- What was reported, append-only. The key makes a repeated callback one event.
create table events (
    leg_sid text not null,
    kind text not null,
    key text not null,
    call_sid text not null,
    position bigint not null,
    -- when it happened, by whoever reports it
    at bigint not null,
    received_at bigint not null,
    -- JSON of the parameters as received; never a secret
    params text not null,
    unique (leg_sid, kind, key)
);
create index events_call on events (call_sid, position);

create table recordings (
    sid text not null primary key,
    call_sid text not null,
    status text not null,
    duration_secs bigint,
    channels bigint,
    -- 1 or 2: which channel carries the agent
    agent_channel bigint,
    source text,
    started_at bigint,
    archived_at bigint,
    object_key text,
    content_type text,
    size bigint,
    sha256 text,
    waveform text,
    attempts bigint not null default 0,
    next_attempt_at bigint,
    last_error text,
    created_at bigint not null
);
create index recordings_call on recordings (call_sid);
create index recordings_waiting on recordings (next_attempt_at) where archived_at is null;
