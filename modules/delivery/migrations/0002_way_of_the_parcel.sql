ALTER TABLE "shipment" ADD COLUMN "dispatch_asked_at" timestamptz(3);--> statement-breakpoint
ALTER TABLE "shipment" ADD COLUMN "steps_after_hand_over" json DEFAULT '[]'::json NOT NULL;--> statement-breakpoint
ALTER TABLE "shipment" ADD COLUMN "history" json DEFAULT '[]'::json NOT NULL;