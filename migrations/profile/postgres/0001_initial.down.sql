drop table erasures, import_errors, imports, event_stats, items, users, identities, orders, event_ids, events, shops, counters, meta;
drop function ensure_events_partition(bigint);
drop function drop_events_partitions(bigint);
