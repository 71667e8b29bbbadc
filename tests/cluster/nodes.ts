/** Nodes that kwok plays: two in each of three zones, one of them on-demand, one Spot, as the node groups are. */
const ZONES = ["a", "b", "c"];
const CAPACITY_TYPES = ["ON_DEMAND", "SPOT"];
const RESOURCES = { cpu: "8", memory: "32Gi", pods: "58" };

export const NODES = ZONES.flatMap((zone) =>
  CAPACITY_TYPES.map((capacity) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `node-${zone}-${capacity.toLowerCase().replace("_", "-")}`,
      labels: {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": `node-${zone}-${capacity.toLowerCase().replace("_", "-")}`,
        "topology.kubernetes.io/zone": `eu-west-1${zone}`,
        "topology.kubernetes.io/region": "eu-west-1",
        "eks.amazonaws.com/capacityType": capacity,
      },
    },
    // As the Spot node group taints its own.
    ...(capacity === "SPOT" ? { spec: { taints: [{ key: "genai-demo/spot", effect: "NoSchedule" }] } } : {}),
    status: { allocatable: RESOURCES, capacity: RESOURCES },
  })),
);
