-- Times are epoch milliseconds in UTC; bodies are JSON. Every row belongs to a shop.

-- One row per model version: its figures, verdict and where it came from. The snapshot itself is in object storage.
create table models (
    shop       text not null,
    version    text not null,
    relation   text not null,
    created_ms bigint not null,
    body       text not null,
    primary key (shop, version)
);

-- What is live in a shop, for all relations together. A change names the generation that it was made from and adds one.
create table live (
    shop       text primary key,
    generation bigint not null,
    at_ms      bigint not null,
    body       text not null
);

-- next_ms is when the schedule starts its next job, null while it is paused.
create table schedules (
    shop        text not null,
    schedule_id text not null,
    next_ms     bigint,
    body        text not null,
    primary key (shop, schedule_id)
);
create index schedules_due on schedules (next_ms) where next_ms is not null;

-- A job that has not ended belongs to the process that holds its lease; one whose lease has run out is free to be taken.
create table jobs (
    shop       text not null,
    job_id     text not null,
    kind       text not null,
    active     integer not null,
    created_ms bigint not null,
    attempts   integer not null,
    owner      text not null,
    lease_ms   bigint not null,
    cancelled  integer not null default 0,
    body       text not null,
    primary key (shop, job_id)
);
create unique index jobs_active on jobs (shop, kind) where active = 1;
create index jobs_free on jobs (lease_ms) where active = 1;
create index jobs_by_time on jobs (shop, created_ms);

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

-- Shops whose documents of the time before this database have been taken over from object storage.
create table taken_over (
    shop  text primary key,
    at_ms bigint not null
);
