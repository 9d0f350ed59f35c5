/** Every helper with a signature has an implementation, and the other way round; signatures agree with the kernel's license rule. */
import { expect, test } from 'bun:test';
import { HELPER_MAKERS } from '../../../engine/helpers/index.ts';
import { isGplOnly, mayCall } from '../../../engine/uapi/helper-access.ts';
import { helperId, helperName } from '../../../engine/uapi/helper-names.ts';
import { HELPERS } from '../../../engine/uapi/helper-protos.ts';
import { CALLS } from '../../../engine/uapi/kfunc-protos.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';

test('helpers with a signature are those with an implementation', () => {
  const signed = [...CALLS.values()].filter((proto) => proto.inline !== true).map((proto) => proto.name);
  expect(signed.sort()).toEqual(Object.keys(HELPER_MAKERS).sort());
});

test('numbers and names go together', () => {
  for (const [id, proto] of HELPERS) {
    expect(helperId(proto.name)).toBe(id);
    expect(helperName(id)).toBe(`bpf_${proto.name}`);
    expect(proto.gplOnly === true).toBe(isGplOnly(id));
  }
  expect(helperName(300)).toBe('helper #300');
  expect(helperName(211)).toBe('bpf_cgrp_storage_delete');
});

test('types may call what is theirs', () => {
  const may = (type: keyof typeof PROG_TYPE, name: string) => mayCall(PROG_TYPE[type], helperId(name)!);
  expect(may('XDP', 'xdp_adjust_head')).toBe(true);
  expect(may('SCHED_CLS', 'xdp_adjust_head')).toBe(false);
  expect(may('SCHED_ACT', 'skb_vlan_push')).toBe(true);
  expect(may('XDP', 'skb_vlan_push')).toBe(false);
  expect(may('CGROUP_SKB', 'get_local_storage')).toBe(true);
  expect(may('SOCKET_FILTER', 'get_local_storage')).toBe(false);
  expect(may('SOCKET_FILTER', 'ktime_get_coarse_ns')).toBe(true);
  expect(may('LWT_XMIT', 'skb_change_head')).toBe(true);
  expect(may('LWT_IN', 'skb_change_head')).toBe(false);
});
