CREATE TABLE "charge" (
	"key" text PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"detail" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamptz(3) NOT NULL
);
--> statement-breakpoint
CREATE INDEX "charge_age" ON "charge" USING brin ("at");