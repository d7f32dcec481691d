type Output = Pick<NodeJS.WriteStream, 'on' | 'write'>;

const closed = new WeakSet<Output>();

/**
 * Keeps a command alive when nobody can read its output any more: a closed terminal (EIO), a pipe whose reader has ended
 * (EPIPE), a full disk under a log (ENOSPC). The stream is muted from then on. Without a listener, such an error would end
 * the process in the middle of its work.
 */
export function muteWhenClosed(streams: readonly Output[]): void {
  for (const stream of streams) {
    stream.on('error', () => {
      closed.add(stream);
      stream.write = () => true;
    });
  }
}

/** For commands that do nothing but print. */
export const isClosed = (stream: Output): boolean => closed.has(stream);
