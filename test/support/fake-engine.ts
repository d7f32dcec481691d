import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Speaks the engine's protocol and does what the operation's name says; `python` is a shell that starts it in Node. */
const SERVE = `
const fs = require('node:fs');
const say = (event) => fs.writeSync(1, JSON.stringify(event) + '\\n');
const stops = new Map();
function finish({ id, dir, op, spec }) {
  fs.mkdirSync(dir + '/output/model', { recursive: true });
  fs.writeFileSync(dir + '/output/predictions.jsonl', '{"id":1}\\n{"id":2}\\n');
  fs.writeFileSync(dir + '/output/model/weights', op + JSON.stringify(spec.parameters));
  say({ event: 'result', id, metrics: { pid: process.pid, model: spec.model }, outputs: { predictions: 'output/predictions.jsonl', model: 'output/model' } });
}
const operations = {
  finish,
  hold: (job) => {
    say({ event: 'progress', id: job.id, done: 1, total: 2, unit: 'steps' });
    const timer = setInterval(() => fs.existsSync(job.spec.parameters.until) && (clearInterval(timer), finish(job)), 10);
    stops.set(job.id, () => { clearInterval(timer); say({ event: 'error', id: job.id, code: 'cancelled', message: 'stopped' }); });
  },
  ignoreCancel: ({ id }) => say({ event: 'progress', id, done: 1, total: 2, unit: 'steps' }),
  ignoreAll: ({ id }) => { process.on('SIGTERM', () => {}); say({ event: 'progress', id, done: 1, total: 2, unit: 'steps' }); },
  silence: () => {},
  die: () => { fs.writeSync(2, 'out of luck\\n'); process.exit(3); },
  refuse: ({ id }) => say({ event: 'error', id, code: 'input', message: 'row 7 has no prompt', hint: 'fix it' }),
  fail: ({ id }) => say({ event: 'error', id, code: 'bug', message: 'TypeError: no' }),
};
say({ event: 'ready' });
let text = '';
process.stdin.on('data', (data) => {
  const lines = (text + data).split('\\n');
  text = lines.pop();
  for (const request of lines.map((line) => JSON.parse(line))) {
    request.cancel ? stops.get(request.cancel)?.() : operations[request.op](request);
  }
});
process.stdin.on('end', () => process.exit(75));
`;

/** Writes the double into `folder`; what it gives goes into `createStudents`. */
export function installFakeEngine(folder: string): { python: string; engineDirectory: string } {
  const engineDirectory = join(folder, 'engine');
  const python = join(folder, 'python');
  mkdirSync(join(engineDirectory, 'student_engine'), { recursive: true });
  writeFileSync(join(engineDirectory, 'student_engine', '__init__.py'), 'ENGINE_VERSION = 1\n');
  writeFileSync(join(engineDirectory, 'serve.py'), SERVE);
  writeFileSync(python, `#!/bin/sh\nexec ${process.execPath} --input-type=commonjs -e "$(cat "$2")"\n`);
  chmodSync(python, 0o755);
  return { python, engineDirectory };
}
