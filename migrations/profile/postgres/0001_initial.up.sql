-- What this database is, so that a service never works on another's.
create table meta (
    name  text primary key,
    value text not null
);
insert into meta (name, value) values ('database', 'profile');

-- One row per shop and numbered stream ("events", "items"). A writer raises the value first and so holds the row's lock until it has
-- committed: numbers become visible in the order in which they were given, and a reader that has seen n has seen everything below n.
create table counters (
    shop  text collate "C" not null,
    name  text collate "C" not null,
    value bigint not null,
    primary key (shop, name)
);

-- Numbers for shops: the keys of the big tables hold one instead of the name, which makes comparing and storing them cheaper.
create table shops (
    shop_id integer generated always as identity primary key,
    shop    text collate "C" not null unique
);

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

create table users (
    shop       text collate "C" not null,
    user_id    text collate "C" not null,
    version    bigint not null,
    created_ms bigint not null,
    updated_ms bigint not null,
    body       text not null,
    primary key (shop, user_id)
);

-- The catalogue. position is the place of the item's latest change in the change feed; a deleted item stays as a tombstone.
create table items (
    shop       text collate "C" not null,
    item_id    text collate "C" not null,
    position   bigint not null,
    version    bigint not null,
    deleted    boolean not null,
    status     text collate "C" not null,
    brand      text collate "C" not null,
    category   text collate "C" not null,
    parent_id  text collate "C" not null,
    price      double precision,
    created_ms bigint not null,
    updated_ms bigint not null,
    body       text not null,
    primary key (shop, item_id)
);
create index items_position on items (shop, position);

-- Counts per hour: name is "accepted view_item", "duplicate", "rejected event_too_old" ...
create table event_stats (
    shop    text collate "C" not null,
    hour_ms bigint not null,
    name    text collate "C" not null,
    count   bigint not null,
    primary key (shop, hour_ms, name)
);

create table imports (
    shop       text collate "C" not null,
    import_id  text collate "C" not null,
    created_ms bigint not null,
    updated_ms bigint not null,
    cancelled  boolean not null default false,
    body       text not null,
    primary key (shop, import_id)
);

create table import_errors (
    shop      text collate "C" not null,
    import_id text collate "C" not null,
    number    bigint not null,
    body      text not null,
    primary key (shop, import_id, number)
);

-- Receipts of erasures, without the id of the person.
create table erasures (
    shop       text collate "C" not null,
    receipt_id text collate "C" not null,
    at_ms      bigint not null,
    mode       text not null,
    primary key (shop, receipt_id)
);
