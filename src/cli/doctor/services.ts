import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findTemporalBinary } from '../../temporal/find-binary';
import { namedCluster, unreachable } from '../../temporal/named-cluster';
import { keyNames } from '../credentials';
import type { Check } from './check';

const run = promisify(execFile);

export const temporalCheck: Check = {
  name: 'temporal',
  look: async ({ python, environment }) => {
    const cluster = namedCluster(environment);
    if (cluster !== null) {
      const { address } = cluster.connectionOptions;
      const { Connection } = await import('@temporalio/client');
      const connection = await Connection.connect({ ...cluster.connectionOptions, connectTimeout: '5s' }).catch(
        async (cause: unknown) => {
          throw await unreachable(cluster.connectionOptions, cause);
        },
      );
      await connection.close();
      return { found: `${address} answers, namespace ${cluster.namespace}` };
    }
    const folder = python === null || python instanceof Error ? undefined : python.binDirectory;
    const binary = await findTemporalBinary(folder).catch((error: unknown) => {
      if (python === null) {
        return null;
      }
      throw error;
    });
    if (binary === null) {
      return { found: "the server comes with the engine's environment" };
    }
    const { stdout } = await run(binary, ['--version'], { timeout: 20_000 });
    return { found: `${stdout.trim().split('\n')[0]} (${binary}), started with a run` };
  },
};

/** Where a file's runs name no variable, those that are usual are looked for, and none of them is needed. */
const usualKeys = ['OPENAI_API_KEY', 'HF_TOKEN'];

export const credentialsCheck: Check = {
  name: 'credentials',
  look: async ({ configs, environment }) => {
    const isSet = (name: string) => (environment[name] ?? '') !== '';
    const needed = keyNames(configs);
    const absent = needed.filter((name) => !isSet(name));
    const names = configs.length === 0 ? usualKeys : needed;
    if (names.length === 0) {
      return { found: 'none are needed: the teacher is offline' };
    }
    const found = names.map((name) => `${name} is ${isSet(name) ? 'set' : 'not set'}`).join(', ');
    const todo = absent.map((name) => `export ${name}=...`).join('; ');
    return absent.length === 0 ? { found } : { found, todo };
  },
};
