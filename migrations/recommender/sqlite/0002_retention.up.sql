-- Visitors of experiments are told apart by a hash from now on; those that are here already become theirs.
update experiment_visitors set visitor = substr(sha256_hex(shop || char(10) || experiment || char(10) || visitor), 1, 32);

-- What the visitors of an arm did, once they themselves are no longer kept.
create table experiment_totals (
    shop            text not null,
    experiment      text not null,
    arm             text not null,
    visitors        integer not null,
    impressions     integer not null,
    clicks          integer not null,
    clickers        integer not null,
    orders          integer not null,
    buyers          integer not null,
    revenue         real not null,
    revenue_squares real not null,
    primary key (shop, experiment, arm)
);

-- Finds the days that are past their retention.
create index metric_items_by_day on metric_items (day_ms);
