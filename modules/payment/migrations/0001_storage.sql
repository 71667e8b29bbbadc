-- Room on each page, so that an update stays on it (HOT) and touches no index.
alter table payment set (fillfactor = 70);
