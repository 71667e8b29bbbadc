CREATE TABLE "shipment" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" text NOT NULL,
	"status" text NOT NULL,
	"address" json NOT NULL,
	"lines" json NOT NULL,
	"created_at" timestamptz(3) NOT NULL,
	"updated_at" timestamptz(3) NOT NULL,
	"version" integer NOT NULL,
	"positions" json NOT NULL,
	CONSTRAINT "shipment_status" CHECK ("shipment"."status" in ('SCHEDULED', 'DISPATCHED', 'IN_TRANSIT', 'DELIVERED', 'FAILED', 'RETURNING', 'RETURNED', 'CANCELLED'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "shipment_by_id" ON "shipment" USING btree ("id");