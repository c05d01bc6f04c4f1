-- What this database is, so that a service never works on another's.
create table meta (
    name  text primary key,
    value text not null
);
insert into meta (name, value) values ('database', 'profile');

-- One row per shop and numbered stream ("events", "items"). There is one writer at a time, so
-- numbers become visible in the order in which they were given, and a reader that has seen n has seen everything below n.
create table counters (
    shop  text not null,
    name  text not null,
    value integer not null,
    primary key (shop, name)
) without rowid;

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

create table users (
    shop       text not null,
    user_id    text not null,
    version    integer not null,
    created_ms integer not null,
    updated_ms integer not null,
    body       text not null,
    primary key (shop, user_id)
);

-- The catalogue. position is the place of the item's latest change in the change feed; a deleted item stays as a tombstone.
create table items (
    shop       text not null,
    item_id    text not null,
    position   integer not null,
    version    integer not null,
    deleted    integer not null,
    status     text not null,
    brand      text not null,
    category   text not null,
    parent_id  text not null,
    price      real,
    created_ms integer not null,
    updated_ms integer not null,
    body       text not null,
    primary key (shop, item_id)
);
create index items_position on items (shop, position);

-- Counts per hour: name is "accepted view_item", "duplicate", "rejected event_too_old" ...
create table event_stats (
    shop    text not null,
    hour_ms integer not null,
    name    text not null,
    count   integer not null,
    primary key (shop, hour_ms, name)
) without rowid;

create table imports (
    shop       text not null,
    import_id  text not null,
    created_ms integer not null,
    updated_ms integer not null,
    cancelled  integer not null default 0,
    body       text not null,
    primary key (shop, import_id)
);

create table import_errors (
    shop      text not null,
    import_id text not null,
    number    integer not null,
    body      text not null,
    primary key (shop, import_id, number)
);

-- Receipts of erasures, without the id of the person.
create table erasures (
    shop       text not null,
    receipt_id text not null,
    at_ms      integer not null,
    mode       text not null,
    primary key (shop, receipt_id)
);
