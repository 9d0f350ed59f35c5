/** Commands of bpf(2) and flags of BPF_PROG_RUN that programs of user space name (include/uapi/linux/bpf.h). */

/** enum bpf_cmd: runs a program on demand; progRun() is what it does. */
export const BPF_PROG_RUN = 10;
/** The name it had first, which means the same. @alias */
export const BPF_PROG_TEST_RUN = BPF_PROG_RUN;

/** RAW_TRACEPOINT: run on the CPU that `cpu` names. */
export const BPF_F_TEST_RUN_ON_CPU = 1 << 0;
/** XDP: frames go where the program's verdict sends them. */
export const BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1;
/** Types with an skb: it comes with a complete checksum, which must be right at the end. */
export const BPF_F_TEST_SKB_CHECKSUM_COMPLETE = 1 << 2;
