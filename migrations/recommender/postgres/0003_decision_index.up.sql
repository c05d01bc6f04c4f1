-- One index that grows at its end takes a fraction of the pages of one by person, in which every decision lands elsewhere. Who asks for a person's
-- decisions, to remove them, reads it whole.
drop index decisions_by_person;
drop index decisions_by_time;
create index decisions_by_time on decisions (at_ms, shop, person);
