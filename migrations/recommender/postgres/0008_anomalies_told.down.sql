alter table anomalies drop column claim_ms;
alter table anomalies drop column closed_told;
alter table anomalies drop column opened_told;
