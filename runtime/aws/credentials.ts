/**
 * Who this process is to AWS, by the SDK's own chain: in a cluster the role of the pod's ServiceAccount (IRSA), elsewhere
 * the environment or a profile. What expires is renewed by the chain itself, some minutes before.
 */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export type Credentials = () => Promise<AwsIdentity>;

let opened: Promise<Credentials> | undefined;

/** The one chain of this process, loaded when it is first asked for. */
export function processCredentials(): Promise<Credentials> {
  opened ??= import("@aws-sdk/credential-provider-node").then(({ defaultProvider }) => defaultProvider());
  return opened;
}
