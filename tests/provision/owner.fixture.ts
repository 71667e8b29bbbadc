/** A process that runs this script, prints what it has started as JSON, and then lives until it is killed. */
export async function startOwner<Started>(script: string) {
  const text = `console.log(JSON.stringify(await (async () => { ${script} })()));\nawait Bun.sleep(60_000);`;
  const owner = Bun.spawn([process.execPath, "-e", text], { stdout: "pipe", stderr: "inherit" });
  const { value } = await owner.stdout.getReader().read();
  // What the script returns is its caller's to say.
  return { owner, started: JSON.parse(new TextDecoder().decode(value)) as Started };
}
