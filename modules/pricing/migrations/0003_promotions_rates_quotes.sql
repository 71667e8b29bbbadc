CREATE TABLE "promotion" (
	"id" uuid PRIMARY KEY NOT NULL,
	"sequence" bigint GENERATED ALWAYS AS IDENTITY (sequence name "promotion_sequence_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"enabled" boolean NOT NULL,
	"terms" json NOT NULL,
	CONSTRAINT "promotion_sequence_unique" UNIQUE("sequence")
);
--> statement-breakpoint
CREATE TABLE "quote" (
	"id" uuid PRIMARY KEY NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"address_digest" uuid NOT NULL,
	"coupon_code" text collate "C",
	"price" json NOT NULL,
	"scope" uuid,
	"expires_at" timestamptz(3) NOT NULL,
	"created_at" timestamptz(3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "shipping_rate" (
	"country" text collate "C" NOT NULL,
	"currency" text collate "C" NOT NULL,
	"bands" json NOT NULL,
	CONSTRAINT "shipping_rate_country_currency_pk" PRIMARY KEY("country","currency")
);
--> statement-breakpoint
CREATE TABLE "tax_rate" (
	"country" text collate "C" PRIMARY KEY NOT NULL,
	"inclusive" boolean NOT NULL,
	"rates" json NOT NULL
);
--> statement-breakpoint
CREATE INDEX "promotion_enabled" ON "promotion" USING btree ("sequence") WHERE "promotion"."enabled";--> statement-breakpoint
CREATE INDEX "quote_by_age" ON "quote" USING btree ("created_at","id");