/** Outbox rows, timers and call intents of a key share a shard; a shard has one holder among a module's replicas. */
export const SHARDS = 16;

/** FNV-1a over the key's UTF-16 units. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARDS;
}
