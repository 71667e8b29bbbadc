ALTER TABLE "orders" ADD COLUMN "stage" text;--> statement-breakpoint
-- So far each status was a stage of its own.
UPDATE "orders" SET "stage" = "status";--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "stage" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "attention" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "undoing" json NOT NULL DEFAULT '[]';--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "undoing" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "settled_by_hand" boolean NOT NULL DEFAULT false;--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "settled_by_hand" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "coupon_code" text;--> statement-breakpoint
CREATE INDEX "orders_needing_attention" ON "orders" USING btree ("id") WHERE "orders"."attention" is not null;
