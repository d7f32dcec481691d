/**
 * What a failed request means, in one table. `cost`: whether it certainly cost nothing (`none`: its reservation may be
 * used again or released) or may have been answered and paid (`lost`: its outcome is unknown).
 */
export type ErrorClass =
  /** Wait and send again. `isThrottle`: the endpoint only said that it was too fast. */
  | {
      readonly does: 'retry';
      readonly cost: 'none' | 'lost';
      readonly afterMs: number | null;
      readonly reason: string;
      readonly isThrottle?: true;
      /** What to do if it keeps failing. */
      readonly hint?: string;
    }
  /** The endpoint refuses everything: the run pauses. */
  | { readonly does: 'pause'; readonly cost: 'none'; readonly reason: string; readonly hint: string }
  /** This one request is refused: its row fails. */
  | { readonly does: 'fail-row'; readonly cost: 'none'; readonly reason: string }
  /** We aborted it. */
  | { readonly does: 'stop'; readonly cost: 'lost'; readonly reason: string };

export interface ErrorContext {
  /** Named in the hints, with `keyName`. */
  readonly endpoint: string;
  readonly keyName: string;
  readonly nowMs: number;
  /** Takes secrets out: endpoints quote keys and headers in their refusals. */
  readonly redact: (text: string) => string;
}

/** An HTTP answer that is no success, with its body as received. */
export class EndpointRefusal extends Error {
  constructor(
    readonly status: number,
    readonly headers: Pick<Headers, 'get'>,
    readonly body: string,
  ) {
    super(`the endpoint answered ${status}`);
  }
}
