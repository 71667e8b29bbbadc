/** The image against a PostgreSQL whose certificate RDS has not signed: with the roots that it brings it must refuse it. */
import { chmod, chown, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "../../runtime/cli/verify/checklist.ts";
import { chooseAccount } from "../../runtime/database/embedded/account.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { freePort } from "../provision/external-postgres.ts";
import { makeSelfSigned } from "../provision/self-signed.ts";
import type { Containers } from "./container.ts";

const ROOTS = "/etc/ssl/rds-roots.pem";

/** Tries `migrate` with the roots of RDS, and with the server's own certificate. */
export async function checkTls(check: Check, containers: Containers): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-image-tls-"));
  try {
    // The server runs as another user.
    await chmod(directory, 0o755);
    const { certificate, key } = makeSelfSigned(directory, "IP:127.0.0.1");
    const account = chooseAccount(join(directory, "unused"));
    if (account !== null) await chown(key, account.uid, account.gid);
    const mounted = join(directory, "mounted");
    const authority = join(mounted, "authority.pem");
    await mkdir(mounted);
    await copyFile(certificate, authority);
    const server = await startScratchServer({
      tcpPort: await freePort(),
      settings: { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key },
    });
    try {
      const migrateWith = (roots: string) =>
        containers.run(["migrate"], {
          DATABASE_URL: `${server.tcpUrl}?sslmode=verify-full&sslrootcert=${roots}`,
          DATA_DIR: mounted,
        });
      const stranger = await migrateWith(ROOTS);
      check(
        "a server whose certificate RDS has not signed is refused",
        stranger.code === 1 && /certificate/i.test(stranger.output) ? [] : [`${stranger.code}: ${stranger.output}`],
      );
      const known = await migrateWith(authority);
      check("the same server is taken where its authority is given", known.code === 0 ? [] : [known.output]);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
