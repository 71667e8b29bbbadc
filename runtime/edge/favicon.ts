/** A parcel, readable at 16 pixels on light and dark. */
export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0b57a4" d="M8 1 15 4.5v7L8 15 1 11.5v-7z"/><path fill="none" stroke="#fff" stroke-width="1.2" stroke-linejoin="round" d="M1.8 4.9 8 8l6.2-3.1M8 8v6.2"/></svg>
`;
