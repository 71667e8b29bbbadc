ALTER TABLE "stock" DROP CONSTRAINT "stock_never_oversold";--> statement-breakpoint
ALTER TABLE "stock" ADD COLUMN "backorder" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "stock" ADD COLUMN "low_stock_threshold" integer DEFAULT 10 NOT NULL;--> statement-breakpoint
ALTER TABLE "stock" ADD COLUMN "low_stock_events" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "stock" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "stock" ADD CONSTRAINT "stock_never_oversold" CHECK ("stock"."reserved" >= 0 and ("stock"."backorder" or "stock"."reserved" <= "stock"."on_hand"));