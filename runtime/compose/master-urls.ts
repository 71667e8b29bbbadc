import type { PlatformConfig } from "../config/settings.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { type Secret, secret } from "../secret.ts";
import { StartError } from "../start-error.ts";

/**
 * As whom `migrate` works: the URLs of the modules, with the name and password of the master where RDS keeps these in a
 * secret. Each secret is read once, also where modules share an instance.
 */
export async function masterUrls(config: PlatformConfig<string>): Promise<ReadonlyMap<string, Secret>> {
  const urls = new Map<string, Secret>();
  const read = new Map<string, Promise<{ readonly user: string; readonly password: Secret }>>();
  for (const [module, url] of config.databaseUrls) {
    if (url === null) continue;
    const name = config.masterSecrets.get(module);
    if (name === undefined) {
      urls.set(module, url);
      continue;
    }
    const region = config.awsRegion;
    // The configuration's own rules have asked for it.
    if (region === null) throw new StartError("No region: set AWS_REGION.");
    const { readMaster } = await import("../aws/master-secret.ts");
    const reading = read.get(name) ?? readMaster(name, region, scheduler);
    read.set(name, reading);
    const { user, password } = await reading;
    const own = new URL(url.open());
    own.username = encodeURIComponent(user);
    own.password = encodeURIComponent(password.open());
    urls.set(module, secret(own.href));
  }
  return urls;
}
