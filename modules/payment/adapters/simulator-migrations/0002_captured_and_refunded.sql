CREATE TABLE "refund" (
	"key" text collate "C" PRIMARY KEY NOT NULL,
	"charge" text collate "C" NOT NULL,
	"amount" bigint NOT NULL,
	"at" timestamptz(3) NOT NULL
);
--> statement-breakpoint
ALTER TABLE "charge" ADD COLUMN "captured" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "charge" ADD COLUMN "refunded" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "charge" ADD COLUMN "token" text DEFAULT '' NOT NULL;