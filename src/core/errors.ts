/**
 * The few errors that users see. The message says what was expected, what came and the next step. `isRetryable` is
 * decided here, once, and read by the retry policies. Errors are distinguished by a marker, not by `instanceof`, because
 * they cross the workflow sandbox and module copies.
 */
export type TutelageErrorKind =
  /** The file or the command line is wrong: exit code 2. */
  | 'usage'
  /** Another process is using what this one needs: exit code 1. */
  | 'busy'
  /** A server, interpreter or credential is missing: exit code 4. */
  | 'missing'
  /** Stored data does not match its hash or schema. */
  | 'damaged'
  /** The teacher's endpoint refuses every request (key, quota, model): the run pauses. */
  | 'teacher-refused'
  /** Most of what the teacher wrote is paid for and cannot be used: the run pauses. */
  | 'useless-rows'
  /** The student engine rejected its input. */
  | 'student-input'
  /** The student engine failed twice in the same way: final. */
  | 'student-failed'
  /** Something died or timed out; a retry may help. */
  | 'transient';

export class TutelageError extends Error {
  readonly tutelage = true;
  readonly isRetryable: boolean;
  /** What whoever handles it needs besides the message; it travels with the failure. */
  readonly details: unknown;

  constructor(
    readonly kind: TutelageErrorKind,
    message: string,
    /** One line that says what to do next. */
    readonly hint?: string,
    options?: { cause?: unknown; details?: unknown },
  ) {
    super(message, options);
    this.name = `Tutelage.${kind}`;
    this.details = options?.details;
    this.isRetryable = kind === 'transient';
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function isTutelageError(error: unknown): error is TutelageError {
  return typeof error === 'object' && error !== null && (error as { tutelage?: unknown }).tutelage === true;
}
