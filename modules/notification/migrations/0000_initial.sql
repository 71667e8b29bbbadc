CREATE TABLE "order_notices" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"email" text,
	"notices" json NOT NULL,
	"version" integer NOT NULL,
	"positions" json NOT NULL
);
