/** The entity tag of a version. */
export const etag = (version: number | string) => `"${version}"`;
