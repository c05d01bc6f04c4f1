-- Only a database without events can be taken back: the old form of events cannot be made from the new one. Restore a backup instead.
create temp table no_events (n integer check (n = 0));
insert into no_events select count(*) from events;
drop table no_events;
drop table import_changes;
drop table orders;
drop table event_blocks;
drop table events;
drop table visitor_sessions;
drop table visitors;
drop table event_types;
drop table shops;
alter table imports drop column number;
alter table imports drop column first_seq;
alter table imports drop column last_seq;

-- What visitors did; append-only. subject is "u" + user id or "s" + session id after identity merge, null when consent is withheld.
-- session_id is null where the subject is that session.
-- lines holds items in the form of package event, rest the JSON of the fields that no query needs. Times are epoch milliseconds.
-- Uniqueness is kept by event_ids.
create table events (
    shop        text not null,
    seq         integer not null,
    subject     text,
    session_id  text,
    event_id    text not null,
    type        text not null,
    occurred_ms integer not null,
    received_ms integer not null,
    order_id    text,
    value       real,
    lines       blob,
    rest        blob
);
create index events_subject on events (shop, subject, occurred_ms);
create index events_session on events (shop, session_id) where session_id is not null;
create index events_seq on events (shop, seq);

-- The client's event ids, as two halves of a hash: one index entry of fixed size per event, whatever its time.
create table event_ids (
    shop         text not null,
    subject_hash integer not null,
    event_hash   integer not null,
    received_ms  integer not null,
    primary key (shop, subject_hash, event_hash)
) without rowid;

-- Orders already counted as a purchase.
create table orders (
    shop        text not null,
    subject     text not null,
    order_id    text not null,
    occurred_ms integer not null,
    primary key (shop, subject, order_id)
) without rowid;

-- Subjects that were merged into a user or whose consent is withheld; every other subject has no row.
create table identities (
    shop      text not null,
    subject   text not null,
    canonical text,
    withheld  integer not null default 0,
    primary key (shop, subject)
) without rowid;
create index identities_canonical on identities (shop, canonical) where canonical is not null;

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
