CREATE TABLE "movement" (
	"id" uuid PRIMARY KEY NOT NULL,
	"sku" text NOT NULL,
	"warehouse" text NOT NULL,
	"type" text NOT NULL,
	"on_hand_delta" integer NOT NULL,
	"reserved_delta" integer NOT NULL,
	"at" timestamptz(3) NOT NULL,
	"order_id" uuid,
	"reason" text
);
--> statement-breakpoint
CREATE TABLE "reservation" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"allocations" json NOT NULL,
	"version" integer NOT NULL,
	"positions" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stock" (
	"sku" text NOT NULL,
	"warehouse" text NOT NULL,
	"on_hand" integer NOT NULL,
	"reserved" integer NOT NULL,
	CONSTRAINT "stock_sku_warehouse_pk" PRIMARY KEY("sku","warehouse"),
	CONSTRAINT "stock_never_oversold" CHECK ("stock"."reserved" >= 0 and "stock"."reserved" <= "stock"."on_hand")
);
--> statement-breakpoint
CREATE INDEX "movement_by_sku" ON "movement" USING btree ("sku","id");