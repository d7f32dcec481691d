import { openOwnWorkspace } from '../store/workspace-identity';
import { serveCodec } from '../temporal/codec-server';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import { openInBrowser } from './open-in-browser';
import { openServer } from './open-server';
import { findWork } from './workspace-names';

export interface TemporalCommandOptions {
  readonly open: boolean;
  readonly json: boolean;
}

/**
 * `tutelage temporal [NAME]`: the workspace's server with its Web UI, for as long as this command runs. Runs may work
 * meanwhile; they share the server.
 */
export async function temporalCommand(name: string | undefined, options: TemporalCommandOptions): Promise<number> {
  const workspace = await openOwnWorkspace();
  const named = name === undefined ? null : await findWork(workspace, name);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const temporal = await openServer(workspace, { withWebUi: true, onNotice: say });
  const interrupt = interruption();
  try {
    const { address, namespace, webUi } = temporal;
    const url = webUi && historyUrl(webUi.url, namespace, named?.name);
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ event: 'temporal', address, namespace, url })}\n`);
    } else {
      say(`Temporal server at ${address}, namespace ${namespace}`);
      say(url === null ? 'its Web UI is where its operators put it' : `Web UI: ${url}`);
      say(`workflow id of a run: its name${named === null ? ', as `tutelage list` shows it' : `, ${named.name}`}`);
    }
    if (temporal.isEmbedded) {
      const stopCodec = webUi === null ? async () => {} : await serveCodec(webUi, temporal.dataConverter);
      if (options.open && url !== null) {
        await openInBrowser(url);
      }
      say('Ctrl-C ends this view; runs that are working continue');
      await interrupt.asked;
      await stopCodec();
    }
    return exitCodes.done;
  } finally {
    await temporal.close();
    interrupt.done();
  }
}

/** Of a workflow, which is named as its run or experiment, or of all of them. */
function historyUrl(webUi: string, namespace: string, name: string | undefined): string {
  const workflows = `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return name === undefined ? workflows : `${workflows}/${encodeURIComponent(name)}`;
}
