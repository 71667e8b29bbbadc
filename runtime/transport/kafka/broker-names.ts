/** What topics and groups are called on the brokers. Several platforms may share them, each with a prefix of its own. */
export const brokerNames = ({ prefix }: { readonly prefix: string }) => ({
  topic: (name: string) => `${prefix}${name}`,
  /** Consumer groups are named after their module. */
  group: (module: string) => `${prefix}genai-demo.${module}`,
});
