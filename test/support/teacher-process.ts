import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Misbehaviour } from './misbehaving-teacher';

export interface TeacherProcess {
  readonly baseUrl: string;
  stop(): void;
}

/** The double as its own process, so that nothing which happens to its clients happens to it. */
export async function startTeacherProcess(misbehaviour: Misbehaviour): Promise<TeacherProcess> {
  const script = join(__dirname, 'misbehaving-teacher.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(misbehaviour)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (part: Buffer) => resolve(part.toString()));
  });
  const { baseUrl } = JSON.parse(line) as { baseUrl: string };
  return { baseUrl, stop: () => child.stdin.end() };
}
