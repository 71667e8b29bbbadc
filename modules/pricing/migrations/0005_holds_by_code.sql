-- online
CREATE INDEX CONCURRENTLY IF NOT EXISTS "coupon_hold_by_code" ON "coupon_hold" USING btree ("code");
