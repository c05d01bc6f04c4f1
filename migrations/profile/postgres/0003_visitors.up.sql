-- One row per visitor, and events that hold numbers instead of names. A visitor is a subject: "u" + user id or "s" + session id. One that was merged
-- into another keeps its row, which names the other as canonical; its events are the other's.

-- Types of events by number.
create table event_types (
    number smallint primary key,
    name   text collate "C" not null unique
);
insert into event_types (number, name) select row_number() over (order by type), type from (select distinct type from events) as t;

insert into shops (shop) select shop from counters union select shop from identities union select shop from users order by 1 on conflict do nothing;

-- state is in the form of docs/visitor-state.md and holds every event of the visitor up to version; weights is the fingerprint of what it was made with, null
-- when it has to be made again from the events. version is a number of the stream "events" and rises with everything that concerns the visitor. States change all the time:
-- half of each page is kept free, so that a new one stays on its page and no index has to change; up to 8 kB they stay in the row.
create table visitors (
    visitor   bigint generated always as identity primary key,
    canonical bigint,
    version   bigint not null default 0,
    weights   bigint,
    shop_id   integer not null,
    withheld  boolean not null default false,
    subject   text collate "C" not null,
    state     bytea
) with (fillfactor = 50, toast_tuple_target = 8160);
alter table visitors alter column state set storage external;
create unique index visitors_subject on visitors (shop_id, subject);
create index visitors_canonical on visitors (canonical) where canonical is not null;

insert into visitors (shop_id, subject, withheld)
select h.shop_id, s.subject, coalesce(i.withheld, false) from (
    select shop, subject from identities
    union select shop, canonical from identities where canonical is not null
    union select shop, 'u' || user_id from users
    union select h.shop, e.subject from events e join shops h using (shop_id) where e.subject is not null
    union select h.shop, 's' || e.session_id from events e join shops h using (shop_id) where e.session_id is not null
) as s join shops h using (shop) left join identities i on i.shop = s.shop and i.subject = s.subject;
update visitors v set canonical = c.visitor from identities i join shops h using (shop) join visitors c on c.shop_id = h.shop_id and c.subject = i.canonical
where v.shop_id = h.shop_id and v.subject = i.subject;

-- In which sessions a known user was seen.
create table visitor_sessions (
    session bigint not null,
    visitor bigint not null,
    primary key (session, visitor)
);
insert into visitor_sessions (session, visitor)
select distinct s.visitor, v.visitor from events e join visitors v on v.shop_id = e.shop_id and v.subject = e.subject
join visitors s on s.shop_id = e.shop_id and s.subject = 's' || e.session_id;

-- The form of docs/profile-service.md: what no query needs of an event.
create function pg_temp.uvarint(n bigint) returns bytea language plpgsql immutable as $$
declare
    out bytea := '';
begin
    while n >= 128 loop
        out := out || set_byte('\x00', 0, (n & 127 | 128)::int);
        n := n >> 7;
    end loop;
    return out || set_byte('\x00', 0, n::int);
end $$;
create function pg_temp.counted(data bytea) returns bytea language sql immutable as $$ select pg_temp.uvarint(length(data)) || data $$;
create function pg_temp.body(id text, lag bigint, order_id text, value double precision, lines bytea, rest bytea) returns bytea language sql immutable as $$
    select '\x01'::bytea
        || set_byte('\x00', 0, 1 + case when order_id is null then 0 else 2 end + case when value is null then 0 else 4 end + case when coalesce(length(lines), 0) = 0 then 0 else 8 end)
        || pg_temp.uvarint(case when lag >= 0 then lag * 2 else -lag * 2 - 1 end)
        || pg_temp.counted(convert_to(id, 'UTF8'))
        || case when order_id is null then ''::bytea else pg_temp.counted(convert_to(order_id, 'UTF8')) end
        || case when value is null then ''::bytea else float8send(value) end
        || case when coalesce(length(lines), 0) = 0 then ''::bytea else pg_temp.counted(lines) end
        || coalesce(rest, ''::bytea)
$$;

-- What visitors did. visitor is 0 when consent is withheld. id_hash is the first 64 bits of the SHA-256 digest of the caller's event id, by which a repeat is
-- recognised, or seq when there was none. session is the visitor that is the session of a known user. Times are epoch milliseconds.
alter table events rename to events_before;
drop index events_subject, events_session, events_seq;
create table events (
    visitor     bigint not null,
    seq         bigint not null,
    occurred_ms bigint not null,
    id_hash     bigint not null,
    session     bigint,
    shop_id     integer not null,
    type        smallint not null,
    body        bytea not null
);
insert into events (visitor, seq, occurred_ms, id_hash, session, shop_id, type, body)
select coalesce(v.visitor, 0), e.seq, e.occurred_ms,
    case when v.visitor is null then e.seq else ('x' || encode(substr(sha256(convert_to(e.event_id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint end,
    s.visitor, e.shop_id, t.number, pg_temp.body(e.event_id, e.received_ms - e.occurred_ms, e.order_id, e.value, e.lines, e.rest)
from events_before e join event_types t on t.name = e.type
left join visitors v on v.shop_id = e.shop_id and v.subject = e.subject
left join visitors s on s.shop_id = e.shop_id and s.subject = 's' || e.session_id
order by e.shop_id, e.seq;
create index events_visitor on events (visitor, id_hash);
create index events_seq on events (shop_id, seq);

-- The oldest event of each 4,096 numbers: where retention has to look.
create table event_blocks (
    shop_id   integer not null,
    block     bigint not null,
    oldest_ms bigint not null,
    primary key (shop_id, block)
);
insert into event_blocks (shop_id, block, oldest_ms) select shop_id, seq / 4096, min(occurred_ms) from events group by 1, 2;

-- The lines of a person's orders, in the form of docs/profile-service.md; null: to be made from the events.
alter table orders rename to orders_before;
create table orders (
    visitor  bigint not null,
    order_id text collate "C" not null,
    lines    bytea,
    primary key (visitor, order_id)
);
insert into orders (visitor, order_id) select v.visitor, o.order_id from orders_before o join shops h using (shop) join visitors v on v.shop_id = h.shop_id and v.subject = o.subject;

drop table events_before, orders_before, event_ids, identities, visitor_changes;
drop function ensure_events_partition(bigint);
drop function drop_events_partitions(bigint);

-- Imports can be taken back. number stands in the events that an import brought, which have seqs from first_seq to last_seq.
alter table imports add number bigint not null default 0, add first_seq bigint not null default 0, add last_seq bigint not null default 0;

-- What items ("i") and users ("u") were before an import changed them, null: not there; version is the one that the import gave them.
create table import_changes (
    shop    text collate "C" not null,
    kind    text collate "C" not null,
    id      text collate "C" not null,
    number  bigint not null,
    version bigint not null,
    before  bytea,
    primary key (shop, kind, id, number)
);
create index import_changes_number on import_changes (shop, number);
