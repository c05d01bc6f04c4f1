drop table meta;
