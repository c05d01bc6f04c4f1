-- What this database is, so that a service never works on another's.
create table meta (
    name  text primary key,
    value text not null
);
insert into meta (name, value) values ('database', 'recommender');

-- Every version of every configured thing (scenario, experiment, rollout). The newest version counts; deleted marks the end of a life.
create table documents (
    shop       text    not null,
    kind       text    not null,
    id         text    not null,
    version    bigint  not null,
    deleted    boolean not null,
    author     text    not null,
    created_ms bigint  not null,
    body       text    not null,
    primary key (shop, kind, id, version)
);

-- What answers were made from, for a few days.
create table decisions (
    shop   text   not null,
    id     text   not null,
    at_ms  bigint not null,
    person text   not null,
    body   text   not null,
    primary key (shop, id)
);
create index decisions_by_time on decisions (at_ms);
create index decisions_by_person on decisions (shop, person);

-- Counts per hour, scenario and arm; "" for no experiment.
create table metric_hours (
    shop       text   not null,
    hour_ms    bigint not null,
    scenario   text   not null,
    experiment text   not null,
    arm        text   not null,
    metric     text   not null,
    value      double precision not null,
    primary key (shop, hour_ms, scenario, experiment, arm, metric)
);

-- Which items a scenario showed on a day, for coverage.
create table metric_items (
    shop        text   not null,
    day_ms      bigint not null,
    scenario    text   not null,
    item_id     text   not null,
    impressions bigint not null,
    primary key (shop, day_ms, scenario, item_id)
);

-- The last attributed click of a visitor on an item.
create table clicks (
    shop              text   not null,
    visitor           text   not null,
    item_id           text   not null,
    recommendation_id text   not null,
    at_ms             bigint not null,
    primary key (shop, visitor, item_id)
);
create index clicks_by_time on clicks (at_ms);

-- What each visitor of an experiment did: the unit of its statistics.
create table experiment_visitors (
    shop        text   not null,
    experiment  text   not null,
    arm         text   not null,
    visitor     text   not null,
    first_ms    bigint not null,
    impressions bigint not null,
    clicks      bigint not null,
    orders      bigint not null,
    revenue     double precision not null,
    primary key (shop, experiment, arm, visitor)
);

-- How far feeds have been read.
create table positions (
    shop     text not null,
    name     text not null,
    position text not null,
    primary key (shop, name)
);
