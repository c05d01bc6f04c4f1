drop table bundles;
