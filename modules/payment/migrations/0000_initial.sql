CREATE TABLE "payment" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"customer_id" text NOT NULL,
	"status" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"authorised" bigint NOT NULL,
	"captured" bigint NOT NULL,
	"refunded" bigint NOT NULL,
	"token" text NOT NULL,
	"attempt" integer NOT NULL,
	"work" text NOT NULL,
	"tries" integer NOT NULL,
	"failures" integer NOT NULL,
	"void_for" text,
	"detail" text,
	"created_at" timestamptz(3) NOT NULL,
	"updated_at" timestamptz(3) NOT NULL,
	"version" integer NOT NULL,
	"positions" json NOT NULL
);
--> statement-breakpoint
CREATE INDEX "payment_by_id" ON "payment" USING btree ("id");