/** `notification` listens and tells nobody: it has nothing that other modules may know of. */
export {};
