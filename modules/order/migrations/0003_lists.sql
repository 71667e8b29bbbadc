-- online
CREATE INDEX CONCURRENTLY IF NOT EXISTS "orders_by_age" ON "orders" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY IF NOT EXISTS "orders_by_customer_and_age" ON "orders" USING btree ("customer_id","created_at","id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "orders_by_customer";
