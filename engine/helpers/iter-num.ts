/** bpf_iter_num_* (kernel/bpf/bpf_iter.c): numbers from one up to another, in eight bytes of the program's; and functions that only the verifier minds. */
import { ERRNO } from '../uapi/errno.ts';
import { checkWrite } from './check-mem.ts';
import type { HelperMaker } from './run-ctx.ts';

/** sizeof(struct bpf_iter_num): the number before the next, then the end. */
const BYTES = 8;
const MAX_LOOPS = 1 << 23;

const begin: HelperMaker = (rc) => (iterator, start, end) => {
  const at = iterator! >>> 0;
  if (!checkWrite(rc, at, BYTES)) return 0;
  const [from, to] = [start! | 0, end! | 0];
  const errno = from > to ? -ERRNO.EINVAL : to - from > MAX_LOOPS ? -ERRNO.E2BIG : 0;
  rc.mem.dv.setInt32(at, errno === 0 ? from - 1 : 0, true);
  rc.mem.dv.setInt32(at + 4, errno === 0 ? to : 0, true);
  return errno;
};

/** Address of the number, NULL behind the last. */
const next: HelperMaker = (rc) => (iterator) => {
  const at = iterator! >>> 0;
  if (!checkWrite(rc, at, BYTES)) return 0;
  const { dv } = rc.mem;
  const number = dv.getInt32(at, true) + 1;
  if (number >= dv.getInt32(at + 4, true)) {
    rc.mem.u8.fill(0, at, at + BYTES);
    return 0;
  }
  dv.setInt32(at, number, true);
  return at;
};

const destroy: HelperMaker = (rc) => (iterator) => {
  if (checkWrite(rc, iterator!, BYTES)) rc.mem.u8.fill(0, iterator! >>> 0, (iterator! >>> 0) + BYTES);
  return 0;
};

const nothing: HelperMaker = () => () => 0;

/** By name without the bpf_ prefix. */
export const ITER_KFUNCS: Readonly<Record<string, HelperMaker>> = {
  iter_num_new: begin,
  iter_num_next: next,
  iter_num_destroy: destroy,
  rcu_read_lock: nothing,
  rcu_read_unlock: nothing,
  preempt_disable: nothing,
  preempt_enable: nothing,
};
