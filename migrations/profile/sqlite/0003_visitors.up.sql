-- One row per visitor, and events that hold numbers instead of names. A visitor is a subject: "u" + user id or "s" + session id. One that was merged
-- into another keeps its row, which names the other as canonical; its events are the other's.

-- Types of events by number.
create table event_types (
    number integer primary key,
    name   text not null unique
);
insert into event_types (number, name) select row_number() over (order by type), type from (select distinct type from events);

-- Numbers for shops.
create table shops (
    shop_id integer primary key,
    shop    text not null unique
);
insert into shops (shop) select shop from counters union select shop from identities union select shop from users order by 1;

-- state is in the form of docs/visitor-state.md and holds every event of the visitor up to version; weights is the fingerprint of what it was made with, null
-- when it has to be made again from the events. version is a number of the stream "events" and rises with everything that concerns the visitor.
create table visitors (
    visitor   integer primary key autoincrement, -- a number is never given again
    canonical integer,
    version   integer not null default 0,
    weights   integer,
    shop_id   integer not null,
    withheld  integer not null default 0,
    subject   text not null,
    state     blob
);
create unique index visitors_subject on visitors (shop_id, subject);
create index visitors_canonical on visitors (canonical) where canonical is not null;

insert into visitors (shop_id, subject, withheld)
select h.shop_id, s.subject, coalesce(i.withheld, 0) from (
    select shop, subject from identities
    union select shop, canonical from identities where canonical is not null
    union select shop, 'u' || user_id from users
    union select shop, subject from events where subject is not null
    union select shop, 's' || session_id from events where session_id is not null
) as s join shops h using (shop) left join identities i on i.shop = s.shop and i.subject = s.subject;
update visitors as v set canonical = c.visitor from identities i join shops h using (shop) join visitors c on c.shop_id = h.shop_id and c.subject = i.canonical
where v.shop_id = h.shop_id and v.subject = i.subject;

-- In which sessions a known user was seen.
create table visitor_sessions (
    session integer not null,
    visitor integer not null,
    primary key (session, visitor)
) without rowid;
insert into visitor_sessions (session, visitor)
select distinct s.visitor, v.visitor from events e join shops h using (shop) join visitors v on v.shop_id = h.shop_id and v.subject = e.subject
join visitors s on s.shop_id = h.shop_id and s.subject = 's' || e.session_id;

-- What visitors did, each visitor's together. visitor is 0 when consent is withheld. id_hash is the first 64 bits of the SHA-256 digest of the caller's event id, by
-- which a repeat is recognised, or seq when there was none. session is the visitor that is the session of a known user. Times are epoch milliseconds. body has the
-- form of docs/profile-service.md: what no query needs.
create table events_now (
    visitor     integer not null,
    id_hash     integer not null,
    seq         integer not null,
    shop_id     integer not null,
    type        integer not null,
    occurred_ms integer not null,
    session     integer,
    body        blob not null,
    primary key (visitor, id_hash, seq, shop_id)
) without rowid;
insert into events_now (visitor, id_hash, seq, shop_id, type, occurred_ms, session, body)
select coalesce(v.visitor, 0), case when v.visitor is null then e.seq else sha256_int64(e.event_id) end as hash, e.seq, h.shop_id, t.number, e.occurred_ms, s.visitor,
    event_body(e.event_id, e.received_ms - e.occurred_ms, e.order_id, e.value, e.lines, e.rest)
from events e join shops h using (shop) join event_types t on t.name = e.type
left join visitors v on v.shop_id = h.shop_id and v.subject = e.subject
left join visitors s on s.shop_id = h.shop_id and s.subject = 's' || e.session_id
order by 1, 2, 3;
drop table events;
alter table events_now rename to events;
create index events_seq on events (shop_id, seq);

-- The oldest event of each 4,096 numbers: where retention has to look.
create table event_blocks (
    shop_id   integer not null,
    block     integer not null,
    oldest_ms integer not null,
    primary key (shop_id, block)
) without rowid;
insert into event_blocks (shop_id, block, oldest_ms) select shop_id, seq / 4096, min(occurred_ms) from events group by 1, 2;

-- The lines of a person's orders, in the form of docs/profile-service.md; null: to be made from the events.
create table orders_now (
    visitor  integer not null,
    order_id text not null,
    lines    blob,
    primary key (visitor, order_id)
) without rowid;
insert into orders_now (visitor, order_id) select v.visitor, o.order_id from orders o join shops h using (shop) join visitors v on v.shop_id = h.shop_id and v.subject = o.subject;
drop table orders;
alter table orders_now rename to orders;

drop table event_ids;
drop table identities;
drop table visitor_changes;

-- Imports can be taken back. number stands in the events that an import brought, which have seqs from first_seq to last_seq.
alter table imports add column number integer not null default 0;
alter table imports add column first_seq integer not null default 0;
alter table imports add column last_seq integer not null default 0;

-- What items ("i") and users ("u") were before an import changed them, null: not there; version is the one that the import gave them.
create table import_changes (
    shop    text not null,
    kind    text not null,
    id      text not null,
    number  integer not null,
    version integer not null,
    before  blob,
    primary key (shop, kind, id, number)
) without rowid;
create index import_changes_number on import_changes (shop, number);
