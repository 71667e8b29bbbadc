/**
 * What makes a broker's secured listener: TLS with a certificate of our own authority, SASL with SCRAM-SHA-512 and
 * OAUTHBEARER, and access control lists.
 *
 * The user of SCRAM and the subject of tokens are the same principal. It may do everything until an ACL says otherwise;
 * the plain listener's users are administrators whom no ACL binds. A token is checked as in production: signature
 * against a key set, issuer, audience, expiry (no second of grace). A connection lives as long as its token and must
 * authenticate again before that.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { provisionCertificate } from "./certificate.ts";
import type { Java } from "./java.ts";
import { SECURED_LISTENER } from "./kafka-settings.ts";

/** How a client gets in by the secured listener. */
export interface SecuredAccess {
  /** The authority that signed the broker's certificate, which is good for 127.0.0.1 and for no other name. */
  readonly ca: string;
  /** Of SCRAM-SHA-512. ACLs name it `User:…`. */
  readonly user: string;
  readonly password: string;
  /** A fresh OAUTHBEARER token for the same user. A negative lifetime makes one that has expired. */
  token(lifetimeMs: number): Promise<string>;
}

export interface Security {
  readonly access: SecuredAccess;
  readonly settings: Readonly<Record<string, string>>;
  readonly formatOptions: readonly string[];
  readonly javaOptions: readonly string[];
}

const USER = "genai-demo";
const ISSUER = "genai-demo-tests";
const AUDIENCE = "kafka";
const LONGEST_SESSION_MS = 3_600_000;

/** Makes keys and accounts; the key set that brokers read is written into `directory`. */
export async function makeSecurity(java: Java, directory: string): Promise<Security> {
  const certificate = await provisionCertificate(java);
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const keySet = join(directory, "jwks.json");
  const keyId = "tests";
  await writeFile(keySet, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: "ES256" }] }));
  const keySetUrl = pathToFileURL(keySet).href;
  const password = crypto.randomUUID();
  return {
    access: {
      ca: certificate.ca,
      user: USER,
      password,
      token(lifetimeMs) {
        const now = Date.now();
        return new SignJWT()
          .setProtectedHeader({ alg: "ES256", kid: keyId })
          .setSubject(USER)
          .setIssuer(ISSUER)
          .setAudience(AUDIENCE)
          .setIssuedAt(Math.floor((now + Math.min(lifetimeMs, 0)) / 1000) - 1)
          .setExpirationTime(Math.ceil((now + lifetimeMs) / 1000))
          .sign(privateKey);
      },
    },
    settings: {
      ...onSecuredListener({
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": certificate.keyStore,
        "ssl.keystore.password": certificate.keyStorePassword,
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
        // Only with an upper bound does a broker tell a client how long its session lasts.
        "connections.max.reauth.ms": String(LONGEST_SESSION_MS),
        "scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "oauthbearer.sasl.jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
        "oauthbearer.sasl.server.callback.handler.class":
          "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
        "oauthbearer.sasl.oauthbearer.jwks.endpoint.url": keySetUrl,
        "oauthbearer.sasl.oauthbearer.expected.issuer": ISSUER,
        "oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
        "oauthbearer.sasl.oauthbearer.clock.skew.seconds": "0",
      }),
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "allow.everyone.if.no.acl.found": "true",
      "super.users": "User:ANONYMOUS",
    },
    formatOptions: ["--add-scram", `SCRAM-SHA-512=[name=${USER},password=${password}]`],
    // Kafka reads a key set only from addresses that Java's own command line allows.
    javaOptions: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keySetUrl}`],
  };
}

function onSecuredListener(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const prefix = `listener.name.${SECURED_LISTENER.toLowerCase()}.`;
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]));
}
