-- Room on each page, so that an update stays on it (HOT) and touches no index.
alter table shipment set (fillfactor = 70);
