import { workspaceAt } from '../store/workspace';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import { openInBrowser } from './open-in-browser';
import { serveUi } from './ui/serve';

export interface UiCommandOptions {
  /** Any free one where none is named. */
  readonly port?: number;
  readonly open: boolean;
  readonly json: boolean;
}

/** `tutelage ui`: the workspace as pages in a browser, until interrupted. Runs need not know of it. */
export async function uiCommand({ port = 0, open, json }: UiCommandOptions): Promise<number> {
  const interrupt = interruption();
  const ui = await serveUi(workspaceAt(), port);
  try {
    announceUi(ui.url, json);
    if (!json) {
      process.stderr.write('Ctrl-C ends this view; runs that are working continue\n');
    }
    if (open) {
      await openInBrowser(ui.url);
    }
    await interrupt.asked;
    return exitCodes.done;
  } finally {
    await ui.close();
    interrupt.done();
  }
}

/** Whoever has the address can look, so it is told here and kept nowhere. */
export function announceUi(url: string, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'ui', url })}\n`);
  } else {
    process.stderr.write(`${url}\n`);
  }
}
