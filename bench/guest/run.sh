#!/usr/bin/env bash
# Runs bench in a virtual machine whose kernel has the memory controller in control groups of version 2, for hosts that
# have it in version 1 or have none. Nothing of the host is changed but a folder below target; /dev/kvm is not needed.
#
#   bench/guest/run.sh                                        the attack within 256, 96 and 64 MiB, and `limits`
#   bench/guest/run.sh attack --limit 96MiB --seconds 120     one run of bench with these arguments
#
# Environment: MINUTES bounds each run (30), MEMORY and CPUS are the machine's (3G, 1), BINARIES is the folder of
# lexiflow and bench (target/release).
#
# The processor is emulated, ten to twenty times slower than a real one. Figures of time are printed and do not count;
# the exit code is 0 when all others are met.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
target="${CARGO_TARGET_DIR:-$root/target}"
binaries="${BINARIES:-$target/release}"
work="$target/guest"
# In the order in which they depend on each other.
modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk"
# The rows that count: what does not depend on the speed of the processor, or has time to spare.
gates="kernel's peak of the group|heap, stacks and sockets|out-of-memory kills|the server lives|that are missing"
gates="$gates|answers beyond|in the report|at (90|75) %, /live|at (90|75) %, stops"

die() { echo "guest: $*" >&2; exit 1; }

need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null && return
  command -v apt-get >/dev/null || die "$1 is missing, and only Debian's $2 is known to have it"
  [ "$(id -u)" = 0 ] || die "$1 is missing: install $2, or run this once as root"
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2"; } >&2 ||
    die "$2 cannot be installed"
}

newest_image() {
  apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'
}

# The kernel and busybox are unpacked, not installed.
unpack_packages() {
  [ -e "$work/system/bin/busybox" ] && [ -e "$work/kernel" ] && return
  command -v apt-get >/dev/null || die "only Debian's packages have a kernel that is known to work here"
  local image
  image="$(newest_image)"
  # The lists may be missing, or older than what can still be downloaded.
  [ "$(id -u)" != 0 ] || { apt-get update -qq && image="$(newest_image)"; } >&2
  [ -n "$image" ] || die "apt knows no linux-image-cloud-amd64: run apt-get update"
  rm -rf "$work/packages" "$work/system"
  mkdir -p "$work/packages"
  (cd "$work/packages" && apt-get download -qq -o APT::Sandbox::User=root "$image" busybox-static) || die "cannot download $image"
  for package in "$work/packages"/*.deb; do dpkg-deb -x "$package" "$work/system"; done
  cp "$work/system"/boot/vmlinuz-* "$work/kernel"
}

make_initrd() {
  local made="$work/initrd" order=10 module
  rm -rf "$made"
  mkdir -p "$made/bin" "$made/modules"
  cp "$work/system/bin/busybox" "$made/bin/"
  install -m 755 "$here/init" "$made/init"
  for module in $modules; do
    find "$work/system/lib/modules" -name "$module.ko" -exec cp {} "$made/modules/$order-$module.ko" \; -quit
    order=$((order + 1))
  done
  (cd "$made" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd.gz"
}

# A disk with the two programs and the libraries they are linked with.
make_disk() { # ARGUMENT...
  local disk="$work/disk" library
  rm -rf "$disk" "$work/disk.img"
  mkdir -p "$disk"/{bin,proc,sys,dev,tmp,scratch}
  cp "$binaries/lexiflow" "$binaries/bench" "$disk/bin/"
  ldd "$disk/bin/lexiflow" "$disk/bin/bench" | grep -o '/lib[^ ]*' | sort -u | while read -r library; do
    mkdir -p "$disk$(dirname "$library")"
    cp -L "$library" "$disk$library"
  done
  echo "$*" >"$disk/arguments"
  mke2fs -q -t ext4 -d "$disk" "$work/disk.img" 12G >/dev/null
}

# Runs bench with the arguments; the rest of the output is its own.
run() { # ARGUMENT...
  local log="$work/console.log"
  echo "guest: bench $*, at most ${MINUTES:-30} minutes"
  trap 'rm -f "$work/disk.img"' EXIT
  make_disk "$@"
  timeout --kill-after=10 "$((${MINUTES:-30} * 60))" qemu-system-x86_64 \
    -accel tcg -cpu max -m "${MEMORY:-3G}" -smp "${CPUS:-1}" -nodefaults -no-reboot -display none -serial stdio \
    -kernel "$work/kernel" -initrd "$work/initrd.gz" -append "console=ttyS0 quiet panic=-1" \
    -drive "file=$work/disk.img,if=virtio,format=raw,cache=unsafe" </dev/null | sed -u 's|\r$||' | tee "$log" ||
    die "QEMU failed, or it did not end within ${MINUTES:-30} minutes"
  keep_record "$1"
  judge "$log"
}

# The guest's record goes with those of this machine, in a file of its own: its times say nothing of either.
keep_record() { # FIGURE
  debugfs -R "cat /bench/results/$1.jsonl" "$work/disk.img" 2>/dev/null >>"$root/bench/results/guest.jsonl" ||
    die "the record of the guest cannot be read from its disk"
}

judge() { # LOG
  local rows
  rows="$(grep -E "^\| .*($gates)" "$1" || true)"
  # The attack has all gates but the last one, `limits` that and the kills.
  local least=6
  grep -q '^| limits' "$1" && least=2
  if [ "$(grep -c . <<<"$rows")" -lt "$least" ] || grep -qv '| met *|$' <<<"$rows"; then
    echo "guest: NOT HELD"
    return 1
  fi
  echo "guest: held"
}

if [ $# = 0 ]; then
  failed=0
  for limit in 256MiB 96MiB 64MiB; do
    "$0" attack --limit "$limit" --seconds 120 --upload-size 256MiB --quick || failed=1
  done
  "$0" limits --quick || failed=1
  exit "$failed"
fi

[ "$(uname -m)" = x86_64 ] || die "the guest runs programs for x86_64"
for program in lexiflow bench; do
  [ -x "$binaries/$program" ] || die "$binaries/$program is missing: cargo build --release -p lexiflow -p bench"
done
need qemu-system-x86_64 qemu-system-x86
need mke2fs e2fsprogs
need cpio cpio
mkdir -p "$work"
exec 9>"$work/lock"
flock -n 9 || die "another run uses $work"
unpack_packages
make_initrd
run "$@"
