-- Sets of items that are bought together, as JSON, found with a version of bought_together; they go with the version.
create table bundles (
    shop    text not null,
    version text not null,
    body    text not null,
    primary key (shop, version)
);
