-- What has counted already, so that nothing counts twice: items seen, clicks and orders, each within what it was counted for.
create table counted (
    shop    text not null,
    scope   text not null,
    visitor text not null,
    kind    text not null,
    item_id text not null,
    at_ms   bigint not null,
    primary key (shop, scope, visitor, kind, item_id)
);
create index counted_by_time on counted (at_ms);

-- The attributed lines of orders, so that a refund takes back what was counted. The item is a product, whatever its variant.
create table attributed_lines (
    shop              text not null,
    order_id          text not null,
    item_id           text not null,
    visitor           text not null,
    recommendation_id text not null,
    currency          text not null,
    quantity          double precision not null,
    revenue           double precision not null,
    at_ms             bigint not null,
    primary key (shop, order_id, item_id, visitor)
);
create index attributed_lines_by_visitor on attributed_lines (shop, visitor, item_id);
create index attributed_lines_by_time on attributed_lines (at_ms);
