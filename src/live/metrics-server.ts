/** Serves a live run's newest numbers over HTTP, for Prometheus to scrape: `--metrics HOST:PORT`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../input-error.ts';

const PORT_MAX = 65535;
const LOCAL = '127.0.0.1';
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface MetricsServer {
  /** `http://127.0.0.1:9100/metrics` */
  readonly url: string;
  close(): void;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[::1]:PORT`, `:PORT` or `PORT` (of this machine alone); port 0: any that is free. Throws InputError. */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:(?:\[([0-9a-f:.%]+)\]|([^:[\]]*)):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3] ?? -1);
  if (match === null || port > PORT_MAX)
    throw new InputError(`--metrics is ${JSON.stringify(text)}: write HOST:PORT, as in ${LOCAL}:9100`);
  return { host: match[1] ?? (match[2] || LOCAL), port };
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'that is no address of this machine',
  EACCES: 'this port needs more rights',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
};

function problem({ host, port }: Endpoint, error: Error & { readonly code?: string }): InputError {
  const why = WORDS[error.code ?? ''] ?? error.message;
  return new InputError(`--metrics: cannot listen on ${host}:${port}: ${why}`);
}

function answer(request: IncomingMessage, response: ServerResponse, text: () => string): void {
  const path = (request.url ?? '/').replace(/\?.*/, '');
  const wrong =
    request.method !== 'GET' && request.method !== 'HEAD' ? 405 : path === '/metrics' || path === '/' ? 0 : 404;
  response.setHeader('Content-Type', CONTENT_TYPE);
  response.statusCode = wrong === 0 ? 200 : wrong;
  response.end(wrong === 0 ? text() : `${wrong === 404 ? 'metrics are at /metrics' : 'only GET'}\n`);
}

/** `text` is asked at every scrape. Rejects with InputError when the address cannot be had. */
export function serveMetrics(endpoint: Endpoint, text: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => answer(request, response, text));
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(problem(endpoint, error)));
    server.listen(endpoint.port, endpoint.host, () => {
      const { port } = server.address() as AddressInfo;
      const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
      const close = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://${host}:${port}/metrics`, close });
    });
  });
}
