drop table workers;
drop index jobs_by_parent;
delete from jobs where parent <> '';
alter table jobs drop column spec;
alter table jobs drop column parent;
