import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where a connection to PostgreSQL is cut. */
export type Cut =
  /** The commit never arrives. */
  | 'before the commit'
  /** It is done, and nobody hears of it. */
  | 'after the commit'
  /** It arrives only after the client has heard of the cut. */
  | 'with the commit on its way';

export interface CuttingProxy {
  readonly port: number;
  /** What becomes of the next commits, one after the other; later ones pass. */
  cutNext(cuts: readonly Cut[]): void;
  /** Cuts that are still to come. */
  readonly left: number;
  close(): Promise<void>;
}

/** A TCP proxy on the loopback interface, before a server that speaks unencrypted. */
export async function startCuttingProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts: Cut[] = [];
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    let isDeaf = false;
    client.on('data', (data) => {
      const cut = data.includes('commit') ? cuts.shift() : undefined;
      isDeaf = cut !== undefined;
      if (cut === 'before the commit') {
        upstream.destroy();
        client.destroy();
      } else if (cut === 'with the commit on its way') {
        client.destroy();
        setTimeout(() => upstream.write(data), 300).unref();
      } else {
        upstream.write(data);
      }
    });
    upstream.on('data', (data) => {
      if (isDeaf) {
        client.destroy();
        upstream.destroy();
      } else {
        client.write(data);
      }
    });
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutNext: (next) => {
      cuts = [...next];
    },
    get left() {
      return cuts.length;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) {
        socket.destroy();
      }
      await closed;
    },
  };
}
