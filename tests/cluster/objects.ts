/** Of the cluster's objects, what the tests read. */
import * as z from "zod";

const labels = z.record(z.string(), z.string()).default({});
const owner = z.looseObject({ kind: z.string(), name: z.string() });
const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default(""),
  uid: z.string(),
  labels,
  annotations: labels,
  ownerReferences: z.array(owner).default([]),
});

const environment = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({ fieldRef: z.looseObject({ fieldPath: z.string() }).optional() }).optional(),
});
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(environment).default([]),
  envFrom: z.array(z.looseObject({ configMapRef: z.looseObject({ name: z.string() }).optional() })).default([]),
});

export const pod = z.looseObject({
  metadata,
  spec: z.looseObject({
    serviceAccountName: z.string().default("default"),
    containers: z.array(container).min(1),
  }),
  status: z.looseObject({ phase: z.string().default("Pending") }).default({ phase: "Pending" }),
});
export type Pod = z.infer<typeof pod>;

export const configMap = z.looseObject({ metadata, data: labels });

export const service = z.looseObject({
  metadata,
  spec: z.looseObject({ selector: labels }),
});

export const replicaSet = z.looseObject({
  metadata,
  spec: z.looseObject({ replicas: z.number().default(0) }),
});

export const rollout = z.looseObject({
  metadata,
  spec: z.looseObject({
    strategy: z.looseObject({
      blueGreen: z.looseObject({
        activeService: z.string(),
        previewService: z.string(),
        autoPromotionEnabled: z.boolean().optional(),
      }),
    }),
  }),
  status: z
    .looseObject({
      phase: z.string().default(""),
      message: z.string().default(""),
      abort: z.boolean().default(false),
      currentPodHash: z.string().default(""),
      stableRS: z.string().default(""),
      observedGeneration: z.string().default(""),
      pauseConditions: z.array(z.looseObject({ reason: z.string() })).default([]),
    })
    .default({
      phase: "",
      message: "",
      abort: false,
      currentPodHash: "",
      stableRS: "",
      observedGeneration: "",
      pauseConditions: [],
    }),
});
export type Rollout = z.infer<typeof rollout>;

export const analysisRun = z.looseObject({
  metadata,
  status: z.looseObject({ phase: z.string().default(""), message: z.string().default("") }).default({
    phase: "",
    message: "",
  }),
});

export const job = z.looseObject({
  metadata,
  status: z
    .looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});

/** The list of a kind. */
export const listOf = <T>(item: z.ZodType<T>) => z.looseObject({ items: z.array(item) });

/** Of a pod, a ReplicaSet and the selectors of both Services. */
export const HASH_LABEL = "rollouts-pod-template-hash";
