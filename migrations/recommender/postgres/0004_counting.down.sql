drop table attributed_lines;
drop table counted;
