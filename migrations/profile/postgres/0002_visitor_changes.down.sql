drop table visitor_changes;
