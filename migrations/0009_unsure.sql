-- 1 where a call has ended, and Twilio can still say how: its parent leg alone has told of it, or nobody how long it was.
alter table calls add column unsure bigint;
