import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connectClient } from '../../temporal/connect';
import { findTemporalBinary } from '../../temporal/find-binary';
import { namedCluster, unreachable } from '../../temporal/named-cluster';
import { keyNames } from '../credentials';
import type { DoctorCheck } from './check';

const run = promisify(execFile);

export const temporalCheck: DoctorCheck = {
  name: 'temporal',
  inspect: async ({ python, environment }) => {
    const cluster = namedCluster(environment);
    if (cluster !== null) {
      const { address } = cluster.connectionOptions;
      const connection = await connectClient(cluster.connectionOptions, { connectTimeout: '5s' }).catch(
        async (cause: unknown) => {
          throw await unreachable(cluster.connectionOptions, cause);
        },
      );
      await connection.close();
      return { detail: `${address} answers, namespace ${cluster.namespace}` };
    }
    const folder = python === null || python instanceof Error ? undefined : python.binDirectory;
    const binary = await findTemporalBinary(folder).catch((error: unknown) => {
      if (python === null) {
        return null;
      }
      throw error;
    });
    if (binary === null) {
      return { detail: "the server comes with the engine's environment" };
    }
    const { stdout } = await run(binary, ['--version'], { timeout: 20_000 });
    return { detail: `${stdout.trim().split('\n')[0]} (${binary}), starts with a run` };
  },
};

/** Reported where no file is named. None of them is required. */
const usualKeys = ['OPENAI_API_KEY', 'HF_TOKEN'];

export const credentialsCheck: DoctorCheck = {
  name: 'credentials',
  inspect: async ({ configs, environment }) => {
    const isSet = (name: string) => (environment[name] ?? '') !== '';
    const needed = keyNames(configs);
    const absent = needed.filter((name) => !isSet(name));
    const names = configs.length === 0 ? usualKeys : needed;
    if (names.length === 0) {
      return { detail: 'none needed: the teacher is offline' };
    }
    const detail = names.map((name) => `${name} is ${isSet(name) ? 'set' : 'not set'}`).join(', ');
    const fix = absent.map((name) => `export ${name}=...`).join('; ');
    return absent.length === 0 ? { detail } : { detail, fix };
  },
};
