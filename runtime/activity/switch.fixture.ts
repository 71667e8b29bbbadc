import type { Activity } from "./port.ts";

/** An activity that a test switches. */
export interface ActivitySwitch extends Activity {
  set(isActive: boolean): void;
}

export function activitySwitch(isActive: boolean): ActivitySwitch {
  const listeners: ((isActive: boolean) => void)[] = [];
  let current = isActive;
  return {
    isActive: () => current,
    onChange: (listener) => void listeners.push(listener),
    set(next) {
      if (next === current) return;
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}
