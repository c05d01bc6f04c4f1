drop table positions;
drop table experiment_visitors;
drop table clicks;
drop table metric_items;
drop table metric_hours;
drop table decisions;
drop table documents;
drop table meta;
