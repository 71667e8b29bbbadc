/** Preloaded into a process, it throws or rejects where nobody catches it, when it is told to. */
process.on("SIGUSR2", () => {
  throw new Error("nobody catches this");
});
process.on("SIGHUP", () => void Promise.reject(new Error("nobody catches this")));
