drop index decisions_by_time;
create index decisions_by_time on decisions (at_ms);
create index decisions_by_person on decisions (shop, person);
