// Loaded before a program: sends it `signal` as soon as it prints what matches `at`. A signal from another process comes later on a busy
// machine, and may come when the program is done.
const { at, signal } = JSON.parse(process.env.TEST_SIGNAL_ITSELF);
const pattern = new RegExp(at, 'm');
const write = process.stdout.write;
let printed = '';
process.stdout.write = function (text, ...rest) {
  const before = pattern.test(printed);
  printed += text;
  const done = write.call(this, text, ...rest);
  if (!before && pattern.test(printed)) process.kill(process.pid, signal);
  return done;
};
