import type { ErrorClass, ErrorContext } from './failure';

/** Failures before anything was sent, which may pass. */
const unreachable = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['EADDRNOTAVAIL', 'ENOBUFS'],
]);
const unknownAuthority = new Set([
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
]);
const wrongCertificate = /^(CERT_|ERR_TLS_)/;
const noTls = /^(ERR_SSL_|EPROTO$)/;
const tooManyFiles = new Set(['EMFILE', 'ENFILE']);

/** What undici says of an address or a header that it cannot use; these errors have no code of their own. */
const badAddress =
  /invalid url|failed to parse url|bad port|unknown scheme|url scheme must be|includes credentials|err_invalid_url|redirect loop/i;
const badHeader = /bytestring|invalid .{0,40}header|header.*(invalid|character)|err_invalid_char/i;
const badProxy = /proxy response \((\d+)\)/i;

/**
 * A request without an HTTP answer. Where it failed before it was sent it cost nothing, and where it will fail the same
 * way next time the run pauses at once; what broke off later may have been answered, and paid.
 * @param causes the error and its causes, outermost first
 */
export function classifyConnection(
  causes: readonly unknown[],
  { endpoint, keyName, redact }: Pick<ErrorContext, 'endpoint' | 'keyName' | 'redact'>,
): ErrorClass {
  const code = causes.map(codeOf).find((one) => one !== null) ?? null;
  const said = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause))).join('; ');
  const why = code ?? redact(said).slice(0, 300);
  const pause = (hint: string): ErrorClass => ({
    does: 'pause',
    cost: 'none',
    reason: `nothing was sent (${why})`,
    hint,
  });
  if (code !== null && unknownAuthority.has(code)) {
    return pause(
      `the certificate of ${endpoint} is signed by an authority that this machine does not know: set NODE_EXTRA_CA_CERTS to its PEM file, then resume`,
    );
  }
  if (code !== null && wrongCertificate.test(code)) {
    return pause(
      `the certificate of ${endpoint} is expired or for another host: renew it, or correct teacher.base_url`,
    );
  }
  if (code !== null && noTls.test(code)) {
    return pause(`${endpoint} does not speak TLS: use http:// in teacher.base_url, or the port that has TLS`);
  }
  const proxy = badProxy.exec(said);
  if (proxy !== null) {
    return pause(`the proxy answered ${proxy[1]}: correct HTTPS_PROXY, or add the host to NO_PROXY`);
  }
  if (badAddress.test(said) || code === 'ERR_INVALID_URL') {
    return pause(`correct teacher.base_url: ${endpoint} cannot be requested (${redact(said).slice(0, 100)})`);
  }
  if (badHeader.test(said) || code === 'ERR_INVALID_CHAR') {
    return pause(`the key in ${keyName} holds characters that a header cannot have: set it again, then resume`);
  }
  if (code !== null && tooManyFiles.has(code)) {
    const hint = 'raise the limit of open files (ulimit -n), or lower teacher.max_parallel_requests';
    const reason = `nothing was sent: too many open files on this machine (${code})`;
    return { does: 'retry', cost: 'none', afterMs: null, reason, hint };
  }
  const cost = code !== null && unreachable.has(code) ? 'none' : 'lost';
  return { does: 'retry', cost, afterMs: null, reason: `the connection failed (${why})` };
}

function codeOf(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : null;
  return typeof code === 'string' ? code : null;
}
