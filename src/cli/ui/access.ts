import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { html } from '../../analysis/report/html';

/** What the address of the page carries; whoever has it may look. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** Browsers send cookies to every port of a host, so two pages of one machine need two names. */
const cookieName = (port: number) => `tutelage-${port}`;

/** An address may have another port here than where the browser is: that is what `ssh -L` does. A foreign name may not. */
const ownHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

/** Styles are inline because figures carry their colours with them; scripts never are. */
const policy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "script-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/**
 * Lets in who came by the address with the token, and afterwards by its cookie. Other users of this machine have neither;
 * pages of other sites are told by their Host (a foreign name that points here) or their Origin.
 */
export function guarded(access: { readonly token: string; readonly port: () => number }): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(headers)) {
      context.header(name, value);
    }
    if (!ownHost.test(context.req.header('host') ?? '')) {
      return context.text('this page answers to 127.0.0.1 and localhost only', 403);
    }
    if (!isOwnOrigin(context)) {
      return context.text('this page answers to itself only', 403);
    }
    const name = cookieName(access.port());
    if (isSame(context.req.query('token'), access.token)) {
      setCookie(context, name, access.token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      return context.html(entrance(context).markup);
    }
    if (!isSame(getCookie(context, name), access.token)) {
      return context.text('open the address that `tutelage ui` printed, with its token', 403);
    }
    return next();
  };
}

/** Nothing but a page of ours may send what is not a plain look. */
function isOwnOrigin(context: Context): boolean {
  const origin = context.req.header('origin');
  const isLook = context.req.method === 'GET' || context.req.method === 'HEAD';
  return origin === undefined ? isLook : origin === `http://${context.req.header('host')}`;
}

/**
 * The same address without its token, so that it is in no history, bookmark or screenshot. A redirect would not do: one that
 * began at a link of another site carries no strict cookie.
 */
function entrance(context: Context) {
  const url = new URL(context.req.url);
  url.searchParams.delete('token');
  // A path that starts with two slashes would name another host.
  const target = `/${url.pathname.replace(/^\/+/, '')}${url.search}`;
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><title>tutelage</title><meta http-equiv="refresh" content="0;url=${target}"><p><a href="${target}">Continue</a></p></html>`;
}

function isSame(given: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}
