CREATE TABLE "coupon" (
	"code" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"value" bigint,
	"currency" text collate "C",
	"valid_from" timestamptz(3),
	"valid_until" timestamptz(3),
	"minimum_amount" bigint,
	"minimum_currency" text collate "C",
	"total_limit" integer,
	"per_customer_limit" integer,
	CONSTRAINT "coupon_kind" CHECK ("coupon"."kind" in ('percentage', 'fixed', 'free_shipping'))
);
--> statement-breakpoint
CREATE TABLE "coupon_hold" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"code" text collate "C",
	"customer_id" text collate "C",
	"status" text NOT NULL,
	"released_by" text,
	"renewal" integer NOT NULL,
	"failures" integer NOT NULL,
	"version" integer NOT NULL,
	"positions" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "coupon_uses" (
	"code" text collate "C" NOT NULL,
	"customer_id" text collate "C" NOT NULL,
	"uses" integer NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "coupon_uses_code_customer_id_pk" PRIMARY KEY("code","customer_id"),
	CONSTRAINT "coupon_uses_uses" CHECK ("coupon_uses"."uses" >= 0)
);
