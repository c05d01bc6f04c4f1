-- Visitors who are or were judged to be robots: whether figures leave them out (1), before when their answers count whatever they were taken
-- for, behind which event that was so, and what was taken out of the figures, to be put back.
create table left_out (
    shop       text not null,
    visitor    text not null,
    out        integer not null,
    trusted_ms bigint not null,
    seq        bigint not null,
    taken      text not null,
    primary key (shop, visitor)
);
