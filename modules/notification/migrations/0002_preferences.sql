CREATE TABLE "preference" (
	"customer_id" text PRIMARY KEY NOT NULL,
	"preferences" json NOT NULL,
	"version" integer NOT NULL
);
