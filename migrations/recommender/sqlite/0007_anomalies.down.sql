drop table catalogue_levels;
drop table anomalies;
