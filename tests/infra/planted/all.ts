/** Every planted fault. */
import type { PlantedFault } from "./fault.ts";
import { networkFaults } from "./network.ts";
import { rightFaults } from "./rights.ts";
import { storeFaults } from "./stores.ts";

export const PLANTED: readonly PlantedFault[] = [...networkFaults, ...storeFaults, ...rightFaults];
