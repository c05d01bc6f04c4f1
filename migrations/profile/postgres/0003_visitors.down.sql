-- Only a database without events can be taken back: the old form of events cannot be made from the new one. Restore a backup instead.
do $$ begin
    if exists (select from events) then
        raise exception 'there are events, which the version before cannot read: restore a backup instead';
    end if;
end $$;
drop table import_changes;
drop table orders;
drop table event_blocks;
drop table events;
drop table visitor_sessions;
drop table visitors;
drop table event_types;
alter table imports drop column number;
alter table imports drop column first_seq;
alter table imports drop column last_seq;

-- What visitors did; append-only. subject is "u" + user id or "s" + session id after identity merge, null when consent is withheld.
-- session_id is null where the subject is that session.
-- lines holds items in the form of package event, rest the JSON of the fields that no query needs. Times are epoch milliseconds.
-- Uniqueness is kept by event_ids, whose key need not contain the partition's.
create table events (
    shop_id     integer not null,
    seq         bigint not null,
    subject     text collate "C",
    session_id  text collate "C",
    event_id    text collate "C" not null,
    type        text collate "C" not null,
    occurred_ms bigint not null,
    received_ms bigint not null,
    order_id    text collate "C",
    value       double precision,
    lines       bytea,
    rest        bytea
) partition by range (occurred_ms);
create index events_subject on events (shop_id, subject, occurred_ms);
create index events_session on events (shop_id, session_id) where session_id is not null;
create index events_seq on events (shop_id, seq);

-- Makes the partition of the calendar month (UTC) that holds a moment. It is attached rather than created in place, so that readers and
-- writers of the other partitions do not wait; and it runs with its owner's rights, so that the service needs none to create tables.
create function ensure_events_partition(moment_ms bigint) returns void language plpgsql security definer set search_path from current as $$
declare
    month_start timestamptz := date_trunc('month', to_timestamp(moment_ms / 1000.0), 'UTC');
    month_end   timestamptz := (month_start at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    part        text := 'events_' || to_char(month_start at time zone 'UTC', 'YYYYMM');
    home        text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'events'::regclass);
begin
    if to_regclass(format('%I.%I', home, part)) is not null then
        return;
    end if;
    lock table events in share update exclusive mode; -- one at a time; attaching needs this lock anyway
    if to_regclass(format('%I.%I', home, part)) is not null then
        return;
    end if;
    execute format('create table %I.%I (like %I.events including defaults)', home, part, home);
    execute format('alter table %I.events attach partition %I.%I for values from (%s) to (%s)', home, home, part,
        (extract(epoch from month_start) * 1000)::bigint, (extract(epoch from month_end) * 1000)::bigint);
end $$;

-- Drops the partitions that end at or before a moment and returns their names.
create function drop_events_partitions(before_ms bigint) returns setof text language plpgsql security definer set search_path from current as $$
declare
    part record;
begin
    for part in
        select c.oid::regclass as name, c.relname
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'events'::regclass
          and substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''(\d+)''\)')::bigint <= before_ms
        order by c.relname
    loop
        execute format('drop table %s', part.name);
        return next part.relname;
    end loop;
end $$;

-- The client's event ids, as two halves of a hash: one index entry of fixed size per event, whatever its time.
create table event_ids (
    shop_id      integer not null,
    subject_hash bigint not null,
    event_hash   bigint not null,
    received_ms  bigint not null,
    primary key (shop_id, subject_hash, event_hash)
);

-- Orders already counted as a purchase.
create table orders (
    shop        text collate "C" not null,
    subject     text collate "C" not null,
    order_id    text collate "C" not null,
    occurred_ms bigint not null,
    primary key (shop, subject, order_id)
);

-- Subjects that were merged into a user or whose consent is withheld; every other subject has no row.
create table identities (
    shop      text collate "C" not null,
    subject   text collate "C" not null,
    canonical text collate "C",
    withheld  boolean not null default false,
    primary key (shop, subject)
);
create index identities_canonical on identities (shop, canonical) where canonical is not null;

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
