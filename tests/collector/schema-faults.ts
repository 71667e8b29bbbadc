import type * as z from "zod";

/** What a schema finds in a value, each as one line that begins with where it is. */
export function schemaFaults(schema: z.ZodType, value: unknown, where: string): readonly string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => {
    const place = [where, ...issue.path.map(String)].filter((part) => part !== "").join(" → ");
    if (issue.code === "unrecognized_keys") return `${place}: there is no key ${issue.keys.join(", ")}`;
    return `${place}: ${issue.message}`;
  });
}
