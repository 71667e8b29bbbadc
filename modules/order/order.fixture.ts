import type { Order } from "./order.ts";

/** An order for tests, before its first decision. */
export const newOrder: Order = {
  id: "0192aaaa-0000-7000-8000-000000000001",
  customerId: "alice",
  status: "PENDING",
  reason: null,
  currency: "USD",
  couponCode: null,
  items: [{ sku: "SKU-001", quantity: 2, unitPrice: 500, subtotal: 1000, discount: 0, tax: 0, total: 1000 }],
  subtotal: 1000,
  discount: 0,
  shipping: 0,
  tax: 0,
  total: 1000,
  shippingAddress: { name: "Alice", line1: "1 Main", city: "Seattle", postalCode: "98101", country: "US" },
  paymentToken: "tok_visa",
  email: "alice@example.com",
  historyLength: 0,
  createdAt: 1_000,
  updatedAt: 1_000,
};
