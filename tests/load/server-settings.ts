/** Of the PostgreSQL servers under load; checkpoints are made between the turns, so that no turn pays for another's. */
export const SERVER_SETTINGS = {
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  min_wal_size: "1GB",
  checkpoint_timeout: "30min",
};

/** The same in words, for whoever judges the figures. */
export const serverSettingsText = `fsync, synchronous_commit, full_page_writes on; ${Object.entries(SERVER_SETTINGS)
  .map(([name, value]) => `${name}=${value}`)
  .join(", ")}`;
