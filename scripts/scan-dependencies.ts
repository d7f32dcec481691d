import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { lockedPackages } from './locked-python';

/**
 * `npm run scan`: known advisories for what users install, npm's by the registry's audit, Python's by osv.dev. Fails for
 * one that is high or critical (docs/decisions/0011-grave-advisories-fail.md). A service that does not answer is said and is no failure: the scan
 * of an unchanged commit would otherwise fail for what is not in it.
 */
const root = join(__dirname, '..');

async function main(): Promise<void> {
  const npm = scanNpm();
  const python = await scanPython();
  for (const line of [...npm.lines, ...python.lines]) {
    process.stdout.write(`${line}\n`);
  }
  process.exitCode = npm.isGrave || python.isGrave ? 1 : 0;
}

interface Scan {
  readonly lines: readonly string[];
  readonly isGrave: boolean;
}

function scanNpm(): Scan {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const report = parsed(stdout) as { vulnerabilities?: Record<string, { severity: string; range: string }> } | null;
  if (report?.vulnerabilities === undefined) {
    return { lines: ['npm: not scanned, the registry does not answer an audit'], isGrave: false };
  }
  const found = Object.entries(report.vulnerabilities);
  const lines = found.map(([name, { severity, range }]) => `npm: ${severity}: ${name} ${range}`);
  return {
    lines: lines.length === 0 ? ['npm: no advisory'] : lines,
    isGrave: found.some(([, { severity }]) => severity === 'high' || severity === 'critical'),
  };
}

/** osv.dev names advisories without their severity; each is fetched for it. */
async function scanPython(): Promise<Scan> {
  const packages = lockedPackages(root);
  const queries = packages.map(({ name, version }) => ({
    package: { ecosystem: 'PyPI', name },
    version: version.split('+')[0],
  }));
  const answer = (await ask('https://api.osv.dev/v1/querybatch', { queries })) as {
    results?: readonly { vulns?: readonly { id: string }[] }[];
  } | null;
  if (answer?.results === undefined) {
    return { lines: ['Python: not scanned, osv.dev does not answer'], isGrave: false };
  }
  const lines: string[] = [];
  let isGrave = false;
  for (const [index, { vulns = [] }] of answer.results.entries()) {
    for (const { id } of vulns) {
      const advisory = (await ask(`https://api.osv.dev/v1/vulns/${id}`)) as {
        summary?: string;
        database_specific?: { severity?: string };
      } | null;
      const severity = advisory?.database_specific?.severity?.toLowerCase() ?? 'unknown';
      isGrave ||= severity === 'high' || severity === 'critical';
      const { name, version } = packages[index] ?? { name: '', version: '' };
      lines.push(`Python: ${severity}: ${name} ${version}: ${id} ${advisory?.summary ?? ''}`.trimEnd());
    }
  }
  return { lines: lines.length === 0 ? ['Python: no advisory'] : lines, isGrave };
}

async function ask(address: string, body?: object): Promise<unknown> {
  try {
    const response = await fetch(address, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

void main();
