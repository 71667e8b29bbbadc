/** Preloaded into a process, it writes what code writes that knows no log. */
let said = 0;

const chat = setInterval(() => {
  said += 1;
  console.log("chatter %o", { said });
  console.error(new Error("chatter's own"));
  console.table([{ said }]);
  process.stdout.write("chatter in ");
  process.stdout.write("parts\n");
  process.stderr.write("chatter\non two lines\n");
  process.emitWarning("chatter warns");
  if (said === 3) clearInterval(chat);
}, 300);
