ALTER TABLE "payment" ADD COLUMN "refunds_asked" json DEFAULT '[]'::json NOT NULL;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "manually_refunded" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "paused" boolean DEFAULT false NOT NULL;