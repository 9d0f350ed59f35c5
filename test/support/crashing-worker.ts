/** The worker that runs cases with a bug in it: a packet that begins with dd breaks the thread, one with de ends it. */
import { EngineBackend } from '../../src/backends/engine.ts';
import '../../src/runner/worker.ts';

const run = EngineBackend.prototype.run;

EngineBackend.prototype.run = function (request) {
  const first = request.opts.data_in?.[0];
  if (first === 0xde) process.exit(3);
  if (first !== 0xdd) return run.call(this, request);
  queueMicrotask(() => {
    throw new Error('a planted bug');
  });
  return new Promise(() => {});
};
