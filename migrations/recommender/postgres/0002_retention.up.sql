-- Visitors of experiments are told apart by a hash from now on; those that are here already become theirs.
update experiment_visitors set visitor = substr(encode(sha256(convert_to(shop || chr(10) || experiment || chr(10) || visitor, 'UTF8')), 'hex'), 1, 32);

-- What the visitors of an arm did, once they themselves are no longer kept.
create table experiment_totals (
    shop            text not null,
    experiment      text not null,
    arm             text not null,
    visitors        bigint not null,
    impressions     bigint not null,
    clicks          bigint not null,
    clickers        bigint not null,
    orders          bigint not null,
    buyers          bigint not null,
    revenue         double precision not null,
    revenue_squares double precision not null,
    primary key (shop, experiment, arm)
);

-- Finds the days that are past their retention.
create index metric_items_by_day on metric_items (day_ms);
