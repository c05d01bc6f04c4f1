drop index visitors_robot;
alter table visitors drop column robot_detail;
alter table visitors drop column robot_ms;
alter table visitors drop column robot;
