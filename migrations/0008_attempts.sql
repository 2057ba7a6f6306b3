-- The SID that stands for a page's attempt to call until Twilio's is known; its own where a browser's report is all that there is.
alter table calls add column attempt text;
create index calls_attempt on calls (attempt) where attempt is not null;
