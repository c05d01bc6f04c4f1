-- What this database is, so that a service never works on another's.
create table meta (
    name  text primary key,
    value text not null
);
insert into meta (name, value) values ('database', 'profile');
