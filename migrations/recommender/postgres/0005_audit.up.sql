-- What people did: who, what, when, and what it was before and after, as JSON. A row is there before anything is done.
create table audit (
    shop       text not null,
    id         text not null,
    at_ms      bigint not null,
    actor      text not null,
    actor_kind text not null,
    action     text not null,
    subject    text not null,
    outcome    text not null,
    before     text not null default '',
    after      text not null default '',
    request_id text not null default '',
    primary key (shop, id)
);
create index audit_by_time on audit (at_ms);
