drop table left_out;
