drop table taken_over;
drop table audit;
drop table jobs;
drop table schedules;
drop table live;
drop table models;
