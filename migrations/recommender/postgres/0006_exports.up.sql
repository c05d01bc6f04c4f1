-- An export that has not ended belongs to the process that holds its lease; one whose lease has run out is free to be taken, and goes on
-- at its place. body is its state, place where to go on, both as JSON.
create table exports (
    shop       text not null,
    export_id  text not null,
    active     integer not null,
    created_ms bigint not null,
    ended_ms   bigint not null default 0,
    owner      text not null default '',
    lease_ms   bigint not null default 0,
    cancelled  integer not null default 0,
    pieces     integer not null default 0,
    body       text not null,
    place      text not null default '',
    primary key (shop, export_id)
);
create index exports_free on exports (lease_ms) where active = 1;
create index exports_by_end on exports (ended_ms) where active = 0;

-- The file of an export, in pieces.
create table export_pieces (
    shop      text not null,
    export_id text not null,
    piece     integer not null,
    data      bytea not null,
    primary key (shop, export_id, piece)
);
