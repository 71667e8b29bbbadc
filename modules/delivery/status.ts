/** Where a shipment can stand. */
export const shipmentStatuses = [
  "SCHEDULED",
  "DISPATCHED",
  "IN_TRANSIT",
  "DELIVERED",
  "FAILED",
  "RETURNING",
  "RETURNED",
  "CANCELLED",
] as const;

export type ShipmentStatus = (typeof shipmentStatuses)[number];

/**
 * Where a shipment may go from each status. A parcel that has left cannot be cancelled; FAILED stands for an attempt,
 * after which the carrier tries again or brings the parcel back.
 */
export const shipmentTransitions: Readonly<Record<ShipmentStatus, readonly ShipmentStatus[]>> = {
  SCHEDULED: ["DISPATCHED", "CANCELLED"],
  DISPATCHED: ["IN_TRANSIT", "DELIVERED", "FAILED"],
  IN_TRANSIT: ["DELIVERED", "FAILED"],
  DELIVERED: [],
  FAILED: ["FAILED", "IN_TRANSIT", "DELIVERED", "RETURNING"],
  RETURNING: ["RETURNED"],
  RETURNED: [],
  CANCELLED: [],
};
