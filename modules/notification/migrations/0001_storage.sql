-- Room on each page, so that an update stays on it (HOT) and touches no index.
alter table order_notices set (fillfactor = 70);
