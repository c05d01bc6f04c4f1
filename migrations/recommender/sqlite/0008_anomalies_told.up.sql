-- Whether a webhook was told that an anomaly opened and that it closed (1), and until when somebody tells it.
alter table anomalies add column opened_told integer not null default 0;
alter table anomalies add column closed_told integer not null default 0;
alter table anomalies add column claim_ms bigint not null default 0;
