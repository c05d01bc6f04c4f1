-- Whose records, consent or identity changed, numbered in the stream "events": with the events themselves it tells what a profile that was read before
-- misses. subject_hash is that of event_ids, so that no id outlives its person; old rows are of no use and are removed.
create table visitor_changes (
    shop         text not null,
    seq          integer not null,
    subject_hash integer not null,
    at_ms        integer not null default (cast(unixepoch('subsec') * 1000 as integer)),
    primary key (shop, seq, subject_hash)
) without rowid;
create index visitor_changes_at on visitor_changes (at_ms);
