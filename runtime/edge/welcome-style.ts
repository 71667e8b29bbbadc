/** The stylesheet of `/`: light and dark, one column that fits 360 px. */
export const WELCOME_STYLESHEET = `:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #4d5761; --ground: #ffffff; --soft: #f1f3f5; --line: #d5dae0; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #b3bbc4; --ground: #15181c; --soft: #23282e; --line: #3a4149; --link: #8cbcf2; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--ground); overflow-wrap: anywhere; }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 1rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
.lead { font-size: 1.1rem; margin: 0; color: var(--quiet); }
a { color: var(--link); }
a:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.links { display: flex; flex-wrap: wrap; gap: 0.75rem; padding: 0; margin: 1.25rem 0 0; list-style: none; }
.links a { display: inline-block; padding: 0.5rem 1rem; border: 1px solid var(--line); border-radius: 0.4rem; text-decoration: none; }
.links .first { background: var(--link); border-color: var(--link); color: var(--ground); }
.way { margin: 0; padding: 0; list-style: none; counter-reset: step; border: 1px solid var(--line); border-radius: 0.4rem; }
.way li { counter-increment: step; padding: 0.5rem 0.75rem; }
.way li + li { border-top: 1px solid var(--line); }
.way li::before { content: counter(step) "."; display: inline-block; width: 1.6rem; color: var(--quiet); }
pre { overflow-x: auto; padding: 0.75rem; background: var(--soft); border-radius: 0.4rem; font-size: 0.85rem; line-height: 1.5; overflow-wrap: normal; }
footer { color: var(--quiet); font-size: 0.9rem; }
`;
