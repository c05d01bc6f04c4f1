-- What the competition that made a version came to, as JSON; it goes with the version.
create table reports (
    shop    text not null,
    version text not null,
    body    text not null,
    primary key (shop, version)
);
