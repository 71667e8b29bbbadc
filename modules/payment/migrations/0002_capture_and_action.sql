ALTER TABLE "payment" ADD COLUMN "capture_attempt" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "refund_attempt" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "action_url" text;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "action_until" timestamptz(3);--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "acted" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "payment" ADD COLUMN "authorised_until" timestamptz(3);