-- Room on each page, so that an update stays on it (HOT) and touches no index.
alter table coupon_hold set (fillfactor = 70);
alter table coupon_uses set (fillfactor = 70);
