-- Whose records, consent or identity changed, numbered in the stream "events": with the events themselves it tells what a profile that was read before
-- misses. subject_hash is that of event_ids, so that no id outlives its person; old rows are of no use and are removed.
create table visitor_changes (
    shop         text collate "C" not null,
    seq          bigint not null,
    subject_hash bigint not null,
    at_ms        bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint,
    primary key (shop, seq, subject_hash)
);
create index visitor_changes_at on visitor_changes (at_ms);
