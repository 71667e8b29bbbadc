CREATE TABLE "order_notices" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"email" text,
	"notices" jsonb NOT NULL,
	"version" integer NOT NULL,
	"positions" jsonb NOT NULL
);
