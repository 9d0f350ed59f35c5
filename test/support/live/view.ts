/** Live runs on the engine for tests of what is shown of them: contexts, and the screen's view of a run that was made. */
import { ctxFromFields, PROG_TYPE } from '../../../engine/index.ts';

/** struct xdp_md with the device that frames come in on. */
export function fixtureCtx(ingress_ifindex: number, length: number): Uint8Array {
  const made = ctxFromFields(PROG_TYPE.XDP, { ingress_ifindex }, length);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}
