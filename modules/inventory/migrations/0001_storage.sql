-- Room on each page, so that an update stays on it (HOT) and touches no index.
alter table reservation set (fillfactor = 70);
alter table stock set (fillfactor = 70);
