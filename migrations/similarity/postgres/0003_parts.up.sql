-- A part of a job is a row whose parent is the job, or the part, that waits for it; spec says what to do, as JSON.
alter table jobs add column parent text not null default '';
alter table jobs add column spec text not null default '';
create index jobs_by_parent on jobs (shop, parent) where parent <> '';

-- Processes that take jobs and parts, and when each was last there.
create table workers (
    owner   text primary key,
    seen_ms bigint not null
);
