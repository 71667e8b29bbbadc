/** The stylesheet of `/docs`: light and dark, one column that fits 360 px. */
export const DOCS_STYLESHEET = `:root { color-scheme: light dark; --ink: #1b1f24; --ground: #ffffff; --soft: #f1f3f5; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --ground: #15181c; --soft: #23282e; --link: #8cbcf2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; background: var(--ground); }
nav ul { list-style: none; padding: 0; }
nav a { display: inline-block; padding: 0.25rem 0; }
section { border-top: 1px solid var(--soft); padding-top: 0.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; } h3 { font-size: 1rem; }
.method { background: var(--soft); border-radius: 0.25rem; padding: 0.1rem 0.4rem; }
table { width: 100%; border-collapse: collapse; text-align: left; } caption { text-align: left; font-weight: 600; }
th, td { padding: 0.25rem 0.5rem 0.25rem 0; vertical-align: top; }
dt { font-weight: 600; } dd { margin: 0 0 0.5rem 1rem; }
summary { cursor: pointer; padding: 0.25rem 0; }
pre { overflow-x: auto; padding: 0.75rem; background: var(--soft); border-radius: 0.25rem; font-size: 0.85rem; }
`;
