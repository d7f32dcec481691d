import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Html } from '../../analysis/report/html';
import { beginLook } from '../pause-between-looks';

/**
 * Steps with the arrow keys, where a page has steps. Replaces what changes when the server says that it did; without it, a page is as it was when it was loaded. A tab that is
 * not looked at asks for nothing: a browser allows six connections to a host, and nobody is helped by a busy server.
 */
export const liveScript = `'use strict';
const address = new URL('/live', location.origin);
address.searchParams.set('page', location.pathname + location.search);
let source = null;
const replace = (part, markup) => {
  const open = [...part.querySelectorAll('details')].map((one) => one.open);
  const scrolled = [...part.querySelectorAll('.scroll')].map((one) => one.scrollLeft);
  const all = 'a, button, summary, input, [tabindex]';
  const focused = [...part.querySelectorAll(all)].indexOf(document.activeElement);
  part.innerHTML = markup;
  part.querySelectorAll('details').forEach((one, index) => { one.open = open[index] ?? one.open; });
  part.querySelectorAll('.scroll').forEach((one, index) => { one.scrollLeft = scrolled[index] ?? 0; });
  if (focused >= 0) part.querySelectorAll(all)[focused]?.focus({ preventScroll: true });
};
const follow = () => {
  source?.close();
  source = null;
  if (document.hidden) return;
  source = new EventSource(address);
  source.addEventListener('part', (event) => {
    const { id, markup } = JSON.parse(event.data);
    const part = document.getElementById(id);
    const selection = getSelection();
    const isReading = part && !selection.isCollapsed && part.contains(selection.anchorNode);
    if (part && !isReading) replace(part, markup);
  });
};
addEventListener('keydown', ({ key, target, altKey, ctrlKey, metaKey, shiftKey }) => {
  if (altKey || ctrlKey || metaKey || shiftKey || target.closest?.('input, select, textarea, .scroll')) return;
  document.querySelector('a[data-key="' + CSS.escape(key) + '"]')?.click();
});
document.addEventListener('visibilitychange', follow);
addEventListener('pagehide', () => source?.close());
addEventListener('pageshow', (event) => { if (event.persisted) follow(); });
follow();
`;

/** Each open page costs a look at the workspace every few seconds. */
const FOLLOWERS_MAX = 32;
const LOOK_EVERY_MS = 1500;

type Parts = ReadonlyMap<string, Html>;

/** Sends the parts of a page that have changed, until the reader goes or the server ends. */
export function liveParts(ending: AbortSignal) {
  let followers = 0;
  return (context: Context, render: () => Promise<Parts>): Response => {
    if (followers >= FOLLOWERS_MAX) {
      return context.text('too many pages are open', 503);
    }
    followers += 1;
    return streamSSE(context, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const signal = AbortSignal.any([ending, gone.signal]);
      const sent = new Map<string, string>();
      try {
        while (!signal.aborted) {
          const pause = beginLook();
          for (const { id, markup } of changedParts(await render(), sent)) {
            await stream.writeSSE({ event: 'part', data: JSON.stringify({ id, markup }) });
          }
          await Promise.all([pause(signal), delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})]);
        }
      } finally {
        followers -= 1;
      }
    });
  };
}

/** @param sent what the reader has, by its hash; brought up to date */
function changedParts(parts: Parts, sent: Map<string, string>): { id: string; markup: string }[] {
  const changed: { id: string; markup: string }[] = [];
  for (const [id, { markup }] of parts) {
    const hash = createHash('sha256').update(markup).digest('base64');
    if (sent.get(id) !== hash) {
      sent.set(id, hash);
      changed.push({ id, markup });
    }
  }
  return changed;
}
