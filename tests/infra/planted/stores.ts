/** Faults of databases, brokers and the cache. */
import type { PlantedFault } from "./fault.ts";

const DATABASE = "modules/database/main.tf";
const KAFKA = "modules/kafka/main.tf";
const CACHE = "modules/cache/main.tf";

export const storeFaults: readonly PlantedFault[] = [
  {
    what: "a public database",
    file: DATABASE,
    changes: [["publicly_accessible    = false", "publicly_accessible    = true"]],
    found: { assertions: ["RDS PostgreSQL: no instance has a public address"], checkov: "CKV_AWS_17" },
  },
  {
    what: "a database that is not encrypted",
    file: DATABASE,
    changes: [["storage_encrypted     = true", "storage_encrypted     = false"]],
    found: { assertions: ["RDS PostgreSQL: storage is encrypted under a customer key"], checkov: "CKV_AWS_16" },
  },
  {
    what: "a database that anybody deletes by mistake",
    file: DATABASE,
    changes: [["deletion_protection        = var.deletion_protection", "deletion_protection        = false"]],
    found: { assertions: ["RDS PostgreSQL: nobody deletes an instance by mistake"], checkov: "CKV_AWS_293" },
  },
  {
    what: "a master's password in the state",
    file: DATABASE,
    changes: [
      [
        "manage_master_user_password         = true\n",
        'password                            = "correct horse battery"\n',
      ],
      ["  master_user_secret_kms_key_id       = var.key_arn\n", ""],
    ],
    found: {
      assertions: ["RDS PostgreSQL: the master's password is RDS's own and in no state"],
      rule: "no password is in a state",
    },
  },
  {
    what: "PostgreSQL in clear",
    file: DATABASE,
    changes: [['name  = "rds.force_ssl"\n    value = "1"', 'name  = "rds.force_ssl"\n    value = "0"']],
    found: { assertions: ["TLS: PostgreSQL refuses a connection in clear"] },
  },
  {
    what: "pods that do not check PostgreSQL's certificate",
    file: "modules/database/outputs.tf",
    changes: [["sslmode=verify-full&sslrootcert=/etc/ssl/rds-roots.pem", "sslmode=require"]],
    found: { assertions: ["TLS: pods check PostgreSQL's certificate against RDS's authorities, and its name"] },
  },
  {
    what: "nothing left of a deleted database",
    file: DATABASE,
    changes: [["skip_final_snapshot        = false", "skip_final_snapshot        = true"]],
    found: { assertions: ["RDS PostgreSQL: what is deleted leaves a snapshot with a name of its own"] },
  },
  {
    what: "no logins by IAM at databases",
    file: DATABASE,
    changes: [["iam_database_authentication_enabled = true", "iam_database_authentication_enabled = false"]],
    found: { assertions: ["RDS PostgreSQL: pods log in with tokens of IAM"], checkov: "CKV_AWS_161" },
  },
  {
    what: "backups of one day",
    file: DATABASE,
    changes: [["backup_retention_period    = 7", "backup_retention_period    = 1"]],
    found: { assertions: ["RDS PostgreSQL: backups reach back seven days, in a window of their own"] },
  },
  {
    what: "every port of the databases open to the cluster",
    file: DATABASE,
    changes: [["from_port                    = 5432", "from_port                    = 0"]],
    found: { assertions: ["Security groups: databases admit the cluster's group, on their port"] },
  },
  {
    what: "PostgreSQL's logs for ever",
    file: DATABASE,
    changes: [["  retention_in_days = var.log_retention_days\n", ""]],
    found: {
      assertions: ["Logs: PostgreSQL's have a retention and the logs' key"],
      rule: "log groups are kept",
      checkov: "CKV_AWS_338",
    },
  },
  {
    what: "a pod that logs in as any module",
    file: "modules/database/outputs.tf",
    changes: [["resource_id}/${module}_app", "resource_id}/*"]],
    found: {
      assertions: [
        "RDS PostgreSQL: a pod logs in as its module's own user",
        "RDS PostgreSQL: a small installation shares one instance, each module with its own user",
      ],
      right: "may and must not rds-db:connect",
    },
  },
  {
    what: "brokers that ask nobody who he is",
    file: KAFKA,
    changes: [["unauthenticated = false", "unauthenticated = true"]],
    found: { assertions: ["MSK: brokers admit logins by IAM and no others"] },
  },
  {
    what: "brokers in clear",
    file: KAFKA,
    changes: [['client_broker = "TLS"', 'client_broker = "TLS_PLAINTEXT"']],
    found: { assertions: ["TLS: brokers speak it with clients and among themselves"], checkov: "CKV_AWS_81" },
  },
  {
    what: "topics that come into being by being named",
    file: KAFKA,
    changes: [['"auto.create.topics.enable"      = "false"', '"auto.create.topics.enable"      = "true"']],
    found: { assertions: ["MSK: no topic comes into being by being named"] },
  },
  {
    what: "messages acknowledged by one broker",
    file: KAFKA,
    changes: [['"min.insync.replicas"            = "2"', '"min.insync.replicas"            = "1"']],
    found: { assertions: ["MSK: what is acknowledged is on two brokers, and is never led by one that lacks it"] },
  },
  {
    what: "brokers of ZooKeeper's days",
    file: KAFKA,
    changes: [["${local.minor}.x.kraft", "2.8.1"]],
    found: { assertions: ["MSK: KRaft, of the version that the tests run against"] },
  },
  {
    what: "brokers with public addresses",
    file: KAFKA,
    changes: [['type = "DISABLED"', 'type = "SERVICE_PROVIDED_EIPS"']],
    found: { assertions: ["MSK: brokers have no public address"], checkov: "CKV_AWS_291" },
  },
  {
    what: "groups' places that are forgotten before a restore",
    file: KAFKA,
    changes: [["tostring(var.retention_hours * 60)", "tostring(var.retention_hours)"]],
    found: { assertions: ["MSK: messages and groups' places are kept for the restore horizon"] },
  },
  {
    what: "a cache in clear beside TLS",
    file: CACHE,
    changes: [['transit_encryption_mode    = "required"', 'transit_encryption_mode    = "preferred"']],
    found: { assertions: ["TLS: the cache refuses a connection in clear"] },
  },
  {
    what: "a cache that lets in whoever knows a name",
    file: CACHE,
    changes: [['type = "iam"', 'type = "no-password-required"']],
    found: { assertions: ["ElastiCache: its one user logs in with tokens of IAM"] },
  },
  {
    what: "a cache that is not encrypted",
    file: CACHE,
    changes: [["at_rest_encryption_enabled = true", "at_rest_encryption_enabled = false"]],
    found: { assertions: ["ElastiCache: what it holds is encrypted under a customer key"], checkov: "CKV_AWS_29" },
  },
  {
    what: "a pod that empties the cache",
    file: CACHE,
    changes: [["-@dangerous +info", "+info"]],
    found: { assertions: ["ElastiCache: the user has the platform's keys and no dangerous commands"] },
  },
  {
    what: "rules in the group, which those beside it fight with",
    file: CACHE,
    changes: [
      [
        '  tags = { Name = "${var.name}-cache" }\n',
        '  ingress {\n    protocol  = "tcp"\n    from_port = 6379\n    to_port   = 6379\n    self      = true\n  }\n',
      ],
    ],
    found: { rule: "rules of security groups" },
  },
  {
    what: "a vault that is emptied at once",
    file: "modules/backup/main.tf",
    changes: [["min_retention_days = 7", "min_retention_days = 1"]],
    found: { assertions: ["Backup: nobody empties the vault before a week is over"] },
  },
  {
    what: "snapshots of a week",
    file: "modules/backup/main.tf",
    changes: [["delete_after = 35", "delete_after = 7"]],
    found: { assertions: ["Backup: every night a snapshot, kept for five weeks"] },
  },
];
