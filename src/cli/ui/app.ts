import { Hono } from 'hono';
import { html } from '../../analysis/report/html';
import type { Workspace } from '../../store/workspace';
import { describeError } from '../exit-codes';
import { guarded } from './access';
import { liveParts, liveScript } from './live';
import { type Page, renderPage } from './page';
import { openFigures } from './run-figures';
import { findShown, runPage } from './run-page';
import type { Watch } from './watch';
import { workspacePage } from './workspace-page';

interface UiOptions {
  readonly workspace: Workspace;
  readonly watch: Watch;
  readonly token: string;
  /** Known once the server listens. */
  readonly port: () => number;
  readonly ending: AbortSignal;
}

const RUNS = '/runs/';

/** The pages of a workspace. Each look reads what is stored or asks a running workflow; none changes anything. */
export function uiApp({ workspace, watch, token, port, ending }: UiOptions): Hono {
  const figuresOf = openFigures(workspace);
  const live = liveParts(ending);

  /** The page at an address; `null` where there is none. */
  async function pageAt({ pathname, searchParams }: URL): Promise<Page | null> {
    const look = await watch.look();
    if (pathname === '/') {
      return workspacePage(look, searchParams, Date.now());
    }
    const name = nameIn(pathname);
    const shown = name === null ? null : findShown(look, name);
    const runs = shown?.runs.map(({ run }) => run) ?? [];
    return shown && runPage(shown, await figuresOf(shown.name, runs));
  }

  const app = new Hono();
  app.use(guarded({ token, port }));
  app.get('/live.js', (context) => context.body(liveScript, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  app.get('/favicon.ico', (context) => context.body(null, 204));
  app.get('/live', async (context) => {
    const address = context.req.query('page') ?? '';
    const url = URL.canParse(address, context.req.url) ? new URL(address, context.req.url) : null;
    return url === null || (await pageAt(url)) === null
      ? context.text('there is no such page', 404)
      : live(context, async () => (await pageAt(url))?.parts ?? new Map());
  });
  app.get('/workspace.json', async (context) => context.json(await watch.look()));
  app.get('/*', async (context) => {
    const url = new URL(context.req.url);
    const name = url.pathname.endsWith('.json') ? nameIn(url.pathname.slice(0, -'.json'.length)) : null;
    const asJson = name === null ? null : findShown(await watch.look(), name);
    if (asJson !== null) {
      return context.json({ ...asJson.work.snapshot, runs: asJson.runs });
    }
    const page = await pageAt(url);
    return page === null ? context.notFound() : context.html(renderPage(page));
  });
  app.notFound((context) => context.html(problemPage('There is nothing at this address'), 404));
  app.onError((error, context) => context.html(problemPage(describeError(error)), 500));
  return app;
}

const problemPage = (problem: string) =>
  renderPage({ title: 'Not shown', trail: html``, body: html`<p class="problem">${problem}</p>`, parts: new Map() });

/** The run or experiment that a path names. */
function nameIn(pathname: string): string | null {
  try {
    return pathname.startsWith(RUNS) ? decodeURIComponent(pathname.slice(RUNS.length)) : null;
  } catch {
    return null;
  }
}
