import { Hono } from 'hono';
import { html } from '../../analysis/report/html';
import type { Workspace } from '../../store/workspace';
import { describeError } from '../exit-codes';
import { guarded } from './access';
import { answersJson, answersPage, findAnswers, wantedAnswers } from './answers-page';
import { liveParts, liveScript } from './live';
import { type Page, renderPage } from './page';
import { findRows, rowsJson, rowsPage } from './rows-page';
import { openFigures } from './run-figures';
import { findShown, runPage } from './run-page';
import { openSamples } from './samples';
import type { Watch, WorkspaceLook } from './watch';
import { workspacePage } from './workspace-page';

interface UiOptions {
  readonly workspace: Workspace;
  readonly watch: Watch;
  readonly token: string;
  /** Known once the server listens. */
  readonly port: () => number;
  readonly ending: AbortSignal;
}

/** What the first part of a path asks of the run or experiment that the rest names. */
type Subject = 'runs' | 'rows' | 'answers';

/** The pages of a workspace. Each look reads what is stored or asks a running workflow; none changes anything. */
export function uiApp({ workspace, watch, token, port, ending }: UiOptions): Hono {
  const figuresOf = openFigures(workspace);
  const samples = openSamples(workspace);
  const live = liveParts(ending);

  /** The page at an address; `null` where there is none. */
  async function pageAt({ pathname, searchParams: query }: URL): Promise<Page | null> {
    const look = await watch.look();
    if (pathname === '/') {
      return workspacePage(look, query, Date.now());
    }
    const named = namedIn(pathname);
    const shown = named && findShown(look, named.name);
    if (!named || !shown) {
      return null;
    }
    if (named.subject === 'runs') {
      const runs = shown.runs.map(({ run }) => run);
      return runPage(shown, await figuresOf(shown.name, runs));
    }
    const found = await samplesOf(look, named, query);
    if (found === null) {
      return null;
    }
    const siblings = [named.name, ...runsOf(look).filter((run) => run !== named.name)];
    return found.kind === 'rows' ? rowsPage(found.rows, query) : answersPage(found.answers, query, siblings);
  }

  /** What a page of samples shows, which is the same as JSON. */
  async function samplesOf(look: WorkspaceLook, { subject, name }: Named, query: URLSearchParams) {
    if (subject === 'rows') {
      const all = await samples.rows(name);
      const rows = all && findRows(name, all, query);
      return rows && ({ kind: 'rows', rows } as const);
    }
    const wanted = wantedAnswers(name, query);
    const compared = runsOf(look).includes(wanted.against) ? await samples.answers(name, wanted) : null;
    const answers = compared && findAnswers(name, compared, query);
    return answers && ({ kind: 'answers', answers } as const);
  }

  /** The same as JSON; `null` where there is no such page. */
  async function jsonAt({ pathname, searchParams: query }: URL): Promise<object | null> {
    const named = pathname.endsWith('.json') ? namedIn(pathname.slice(0, -'.json'.length)) : null;
    const look = await watch.look();
    const shown = named && findShown(look, named.name);
    if (!named || !shown) {
      return null;
    }
    if (named.subject === 'runs') {
      return { ...shown.work.snapshot, runs: shown.runs };
    }
    const found = await samplesOf(look, named, query);
    return found && (found.kind === 'rows' ? rowsJson(found.rows, query) : answersJson(found.answers, query));
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
    const asJson = await jsonAt(url);
    if (asJson !== null) {
      return context.json(asJson);
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

const runsOf = ({ works }: WorkspaceLook): string[] =>
  works.flatMap(({ snapshot }) => snapshot.runs.map(({ run }) => run));

interface Named {
  readonly subject: Subject;
  readonly name: string;
}

/** The run or experiment that a path names, and what of it. */
function namedIn(pathname: string): Named | null {
  const [, subject, name] = /^\/(runs|rows|answers)\/(.*)$/s.exec(pathname) ?? [];
  try {
    return subject === undefined || name === undefined
      ? null
      : { subject: subject === 'runs' || subject === 'rows' ? subject : 'answers', name: decodeURIComponent(name) };
  } catch {
    return null;
  }
}
