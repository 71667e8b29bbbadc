/**
 * The custom resource of the AWS Load Balancer Controller that we use, of which no package registry has the definition: what
 * its documentation and its source say of each field, at the version of k8s/bootstrap.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.4.3/apis/elbv2/v1beta1/targetgroupbinding_types.go
 */
const text = { type: "string" };
const closed = (properties: object, required: readonly string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const list = (items: object) => ({ type: "array", items });
const portOrName = { type: ["integer", "string"] };

export const TARGET_GROUP_BINDING = closed(
  {
    apiVersion: text,
    kind: text,
    metadata: { type: "object" },
    spec: closed(
      {
        targetGroupARN: {
          type: "string",
          pattern: "^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\\d{12}:targetgroup/[\\w-]{1,32}/[0-9a-f]{16}$",
        },
        targetGroupName: text,
        targetGroupProtocol: { enum: ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"] },
        targetType: { enum: ["instance", "ip"] },
        serviceRef: closed({ name: text, port: portOrName }, ["name", "port"]),
        networking: closed({
          ingress: list(
            closed(
              {
                from: list(
                  closed({
                    ipBlock: closed({ cidr: text }, ["cidr"]),
                    securityGroup: closed({ groupID: text }, ["groupID"]),
                  }),
                ),
                ports: list(closed({ port: portOrName, protocol: { enum: ["TCP", "UDP"] } })),
              },
              ["from", "ports"],
            ),
          ),
        }),
        nodeSelector: closed({
          matchLabels: { type: "object", additionalProperties: text },
          matchExpressions: list(closed({ key: text, operator: text, values: list(text) }, ["key", "operator"])),
        }),
        ipAddressType: { enum: ["ipv4", "ipv6"] },
        vpcID: { type: "string", pattern: "^vpc-[0-9a-f]{8,17}$" },
        multiClusterTargetGroup: { type: "boolean" },
        iamRoleArnToAssume: text,
        assumeRoleExternalId: text,
      },
      ["serviceRef", "targetGroupARN"],
    ),
  },
  ["apiVersion", "kind", "metadata", "spec"],
);
