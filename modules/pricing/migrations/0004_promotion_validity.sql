DROP INDEX "promotion_enabled";--> statement-breakpoint
ALTER TABLE "promotion" ADD COLUMN "valid_until" timestamptz(3) DEFAULT 'infinity' NOT NULL;--> statement-breakpoint
CREATE INDEX "promotion_to_come" ON "promotion" USING btree ("valid_until") WHERE "promotion"."enabled";--> statement-breakpoint
UPDATE "promotion" SET "valid_until" = to_timestamp(("terms"->>'validUntil')::bigint / 1000.0) WHERE "terms"->>'validUntil' IS NOT NULL;
