export const languages = ["en", "zh-TW"] as const;
export type Language = (typeof languages)[number];
