// Reads test-results/NAME.json of each project named, prints every failed test, and last "PASSED FAILED".
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Enough to see what went wrong; the whole message stands further up in the log. */
const MESSAGE_LINES_MAX = 25;

const print = (title, message) => {
  const lines = message
    .split('\n')
    .filter((line) => !line.includes('node_modules'))
    .map((line) => `    ${line}`);
  console.log([`failed: ${title}`, ...lines.slice(0, MESSAGE_LINES_MAX)].join('\n'));
};

let passed = 0;
let failed = 0;
for (const project of process.argv.slice(2)) {
  const path = `test-results/${project}.json`;
  const results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
  // A project without one executed test has not shown anything.
  if (results === null || results.numPassedTests + results.numFailedTests === 0) {
    print(project, results === null ? `${path} was not written` : 'no test was executed');
    failed += 1;
  }
  if (results === null) {
    continue;
  }
  const seconds = results.testResults.map(({ name, startTime, endTime }) => [(endTime - startTime) / 1000, name]);
  const slowest = seconds.sort(([a], [b]) => b - a).slice(0, 8);
  console.log(`${project}, slowest: ${slowest.map(([s, name]) => `${basename(name)} ${Math.round(s)} s`).join(', ')}`);
  passed += results.numPassedTests;
  failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  for (const { name, status, message, assertionResults } of results.testResults) {
    const wrong = assertionResults.filter((test) => test.status === 'failed');
    for (const { fullName, failureMessages } of wrong) {
      print(`${project}, ${basename(name)}: ${fullName}`, failureMessages.join('\n'));
    }
    if (status === 'failed' && wrong.length === 0) {
      print(`${project}, ${basename(name)}`, message);
    }
  }
}
console.log(`${passed} ${failed}`);
