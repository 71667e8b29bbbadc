CREATE TABLE "price" (
	"sku" text collate "C" NOT NULL,
	"currency" text collate "C" NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "price_sku_currency_pk" PRIMARY KEY("sku","currency"),
	CONSTRAINT "price_amount" CHECK ("price"."amount" between 0 and 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "product" (
	"sku" text collate "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"tax_class" text NOT NULL,
	"weight_grams" integer NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "product_tax_class" CHECK ("product"."tax_class" in ('standard', 'reduced', 'zero')),
	CONSTRAINT "product_weight_grams" CHECK ("product"."weight_grams" >= 0)
);
--> statement-breakpoint
ALTER TABLE "price" ADD CONSTRAINT "price_sku_product_sku_fk" FOREIGN KEY ("sku") REFERENCES "product"("sku") ON DELETE cascade ON UPDATE no action;