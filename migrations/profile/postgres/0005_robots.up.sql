-- Which visitors are programs. robot is 0 where nobody has judged, 1 for a robot, 2 for one that is said to be none. robot_ms is when that was judged,
-- robot_detail why and by whom, as JSON.
alter table visitors add column robot smallint not null default 0;
alter table visitors add column robot_ms bigint;
alter table visitors add column robot_detail text;
create index visitors_robot on visitors (shop_id, robot_ms, subject) where robot <> 0;
