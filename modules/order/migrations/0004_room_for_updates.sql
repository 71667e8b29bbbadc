-- Orders placed in one batch are updated in one batch: a page has room for a second version of each of its rows.
alter table orders set (fillfactor = 50);
