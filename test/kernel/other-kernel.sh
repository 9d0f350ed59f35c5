#!/usr/bin/env bash
# Runs tests on another kernel, in a machine that QEMU emulates: test/kernel/other-kernel.sh [PACKAGE [COMMAND…]]. For what the
# running kernel forbids (freplace), or does otherwise. Debian, as root: takes the kernel out of its package, installs nothing of it.
# Slow (every instruction is emulated): name the tests that matter.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
package=${1:-linux-image-6.12-cloud-amd64}
shift || true
command=("${@:-bun test --timeout 300000 test/kernel/kernel-functions.test.ts test/kernel/attached.test.ts}")
# Modules that tests need, in the order they are loaded.
modules=(libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack veth dummy ifb)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree

need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null; }
}
need qemu-system-x86_64 qemu-system-x86 ipxe-qemu seabios
need cpio cpio
need busybox busybox-static

# A metapackage leads to the package of its newest version.
case $package in
  *-[0-9]*.[0-9]*.[0-9]*) ;;
  *) package=$(apt-cache depends "$package" | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -1) ;;
esac
(cd "$work" && apt-get download -qq "$package" 2>/dev/null && dpkg -x ./*.deb kernel)

copy() { # FILE: with the libraries that it is linked to
  local file
  for file in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do
    mkdir -p "$tree$(dirname "$file")"
    cp -nL "$file" "$tree$file"
  done
}

mkdir -p "$tree"/{bin,proc,sys,dev,tmp,modules,project/node_modules}
copy "$(command -v busybox)"
for name in sh mount cat ls uname poweroff insmod sleep; do ln -s "$(command -v busybox)" "$tree/bin/$name"; done
for name in ip bpftool; do
  copy "$(command -v $name)"
  ln -s "$(command -v $name)" "$tree/bin/"
done
bun=$(readlink -f "$(command -v bun || ls "$root"/node_modules/bun/bin/bun.exe)")
copy "$bun"
ln -s "$bun" "$tree/bin/bun"
cp -r "$root"/{engine,src,test,fixtures,package.json,tsconfig.json,bunfig.toml} "$tree/project/"
for name in "$root"/node_modules/*; do
  case ${name##*/} in bun | @oven | @biomejs | typescript | knip | .bin) ;; *) cp -r "$name" "$tree/project/node_modules/" ;; esac
done
for name in "${modules[@]}"; do
  file=$(find "$work/kernel" -name "$name.ko" -o -name "$name.ko.xz" | head -1)
  case $file in
    *.xz) xz -dc "$file" >"$tree/modules/$name.ko" ;;
    ?*) cp "$file" "$tree/modules/" ;;
  esac
done
cat >"$tree/init" <<INIT
#!/bin/sh
export PATH=/bin HOME=/tmp NO_COLOR=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf; mount -t tracefs tracing /sys/kernel/tracing
for module in ${modules[*]}; do [ -e /modules/\$module.ko ] && insmod /modules/\$module.ko; done
ip link set lo up
cd /project
uname -r
${command[*]}
echo "exit code \$?"
poweroff -f
INIT
chmod +x "$tree/init"
(cd "$tree" && find . | cpio -o -H newc --quiet) >"$work/tree.cpio"
qemu-system-x86_64 -accel tcg -cpu max -m 3000 -nographic -no-reboot -kernel "$work"/kernel/boot/vmlinuz-* \
  -initrd "$work/tree.cpio" -append 'console=ttyS0 quiet panic=-1 rdinit=/init' </dev/null | tr -d '\r' | tee "$work/log"
grep -q '^exit code 0$' "$work/log"
