-- Hashes cannot be turned back: they stay, and their visitors count once more when they return.
drop index metric_items_by_day;
drop table experiment_totals;
