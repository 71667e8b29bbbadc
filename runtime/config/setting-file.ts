import { readFileSync } from "node:fs";
import { StartError } from "../start-error.ts";

/** The text of a file that a setting names; one that cannot be read is a `StartError` that names the setting. */
export function readSettingFile(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(
      `${setting} is ${file}, which cannot be read: give the path of a file that this user may read`,
      {
        cause: error,
      },
    );
  }
}
