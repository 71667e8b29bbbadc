/** Bugs in who works and who stands by while two colours of a rollout run (runtime/activity, shards, transports). */
import type { PlantedBug } from "./planted-bug.ts";

export const ACTIVITY_BUGS: readonly PlantedBug[] = [
  {
    name: "the-idle-hold-on",
    breaks: "Shards of a replica that stands by are not free for the active ones.",
    against: "every order ends",
    file: "runtime/messages/shards.ts",
    find: "(holder !== replica && !sharers.has(holder)));",
    replace: "(holder !== replica && !sharers.has(holder) && !seen.get(holder)?.isIdle));",
  },
  {
    name: "shares-for-the-idle",
    breaks: "Active replicas leave a part of the shards to those that stand by.",
    against: "every order ends",
    file: "runtime/messages/shards.ts",
    find: "isActive ? live.active : live.idle)",
    replace: "isActive ? live.active.union(live.idle) : live.idle)",
  },
  {
    name: "only-the-old-colour-hears",
    breaks: "The old colour ends when another one is selected, and the new one does not begin.",
    against: "every order ends",
    file: "runtime/activity/rollout-activity.ts",
    find: 'if (hash === ownHash) return activate("the Service selects this colour");',
    replace: "if (hash === ownHash) return;",
  },
  {
    name: "abort-is-overheard",
    breaks: "A colour that is selected again before its overlap is over ends all the same.",
    against: "every order ends",
    file: "runtime/activity/rollout-activity.ts",
    find: "    endOverlap?.();\n    endOverlap = null;\n    if (isActive) return;",
    replace: "    if (isActive) return;",
  },
  {
    name: "held-back-is-lost",
    breaks: "What a process was given while it stood by is never delivered.",
    against: "every order ends",
    file: "runtime/transport/inprocess.ts",
    find: "for (const deliver of letGo) deliver();",
    replace: "letGo.length = 0;",
  },
  {
    name: "consumers-do-not-come-back",
    breaks: "Whoever has stood by once consumes no more, also when its colour is selected again.",
    against: "every order ends",
    workload: "platform:kafka",
    file: "runtime/transport/kafka.ts",
    find: "isWanted = isWished;",
    replace: "isWanted &&= isWished;",
  },
];
