-- Times during which a figure of a shop was far from what its weeks before make one expect. closed_ms is 0 while it lasts.
create table anomalies (
    shop      text not null,
    series    text not null,
    opened_ms bigint not null,
    closed_ms bigint not null default 0,
    hours     integer not null,
    observed  real not null,
    expected  real not null,
    spreads   real not null,
    primary key (shop, series, opened_ms)
);
create index anomalies_by_time on anomalies (shop, opened_ms);

-- What the catalogue was at the end of an hour: how many products could be sold, and the median of their prices.
create table catalogue_levels (
    shop    text not null,
    series  text not null,
    hour_ms bigint not null,
    value   real not null,
    primary key (shop, series, hour_ms)
);
