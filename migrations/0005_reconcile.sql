-- Calls of which we may not have been told everything: not ended, or answered and still without their recording. Twilio is asked about each.
create table reconciliations (
    call_sid text not null primary key,
    since bigint not null,
    -- how often Twilio was asked; how often in a row it did not answer
    asked bigint not null,
    failures bigint not null,
    -- null once it was given up
    next_at bigint,
    last_error text,
    given_up_at bigint
);
create index reconciliations_due on reconciliations (next_at);

-- As recordings_waiting, without the tombstones, which only become more.
create index recordings_to_fetch on recordings (next_attempt_at) where archived_at is null and status = 'completed';
