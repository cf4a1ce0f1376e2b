#!/bin/sh
# One digest per problem on every CPU: builds examples/digest.rs, runs it natively with 1, 2, 4 and 8 threads, as older and
# newer x86-64 CPUs under qemu, and cross-built as arm64 under qemu, and compares the lines. Exit 0: all are the same; 1: some
# differ or failed; 2: a tool is missing. It installs nothing unless told to.
#
#   ci/cross-cpu.sh [--install]
#
# It runs on x86-64 Linux; the package names are Debian's (12 or newer).
set -eu
cd "$(dirname "$0")/.."

arm=aarch64-unknown-linux-gnu
packages="qemu-user rustc-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
time_limit=1800

# The compiler that has the arm64 standard library: the one in use (rustup target add), else Debian's.
arm_compiler() {
  for compiler in "${RUSTC:-rustc}" /usr/bin/rustc; do
    root=$("$compiler" --print sysroot 2>/dev/null) || continue
    for library in "$root/lib/rustlib/$arm/lib"/libstd-*.rlib; do
      if [ -e "$library" ]; then
        echo "$compiler"
        return
      fi
    done
  done
}

missing() {
  for tool in qemu-x86_64 qemu-aarch64 aarch64-linux-gnu-gcc; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
  [ -e /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1 ] || echo "libc for arm64"
  [ -n "$(arm_compiler)" ] || echo "a Rust compiler with the standard library of $arm"
}

install="dpkg --add-architecture arm64 && apt-get update && apt-get install --no-install-recommends $packages"
case "${1:-}" in
  '') ;;
  --install)
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root dpkg --add-architecture arm64
    $as_root apt-get update
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install --yes --no-install-recommends $packages
    ;;
  *)
    echo "usage: ci/cross-cpu.sh [--install]" >&2
    exit 2
    ;;
esac
if [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo "ci/cross-cpu.sh runs on x86-64 Linux, not on $(uname -sm)" >&2
  exit 2
fi
lacking=$(missing)
if [ -n "$lacking" ]; then
  printf 'missing:\n%s\n\nOn Debian, as root (or ci/cross-cpu.sh --install):\n\n  %s\n' "$lacking" "$install" >&2
  exit 2
fi

out=target/cross-cpu
rm -rf "$out/runs"
mkdir -p "$out/runs"
build="cargo build --locked --release --package equipoise --example digest"
$build --target-dir "$out/x86-64"
# A folder of its own: the two compilers may be of different versions.
RUSTC=$(arm_compiler) CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
  $build --target "$arm" --target-dir "$out/arm64"
x86="$out/x86-64/release/examples/digest"
arm64="$out/arm64/$arm/release/examples/digest"

status=0
reference=

# The file of a run's lines, without its ending.
lines_of() {
  echo "$out/runs/$(echo "$1" | tr -cs '[:alnum:]\n' -)"
}

# start NAME COMMAND…: what qemu writes to standard error is kept in a file: under qemu-aarch64 a pipe there can block the guest.
start() {
  lines=$(lines_of "$1")
  shift
  (
    started=$(date +%s)
    code=0
    timeout "$time_limit" "$@" >"$lines.txt" 2>"$lines.err" || code=$?
    echo "$code $(($(date +%s) - started))" >"$lines.end"
  ) &
}

# judge NAME: one row of the table, of a run that has ended. The first run is what the others are compared with.
judge() {
  lines=$(lines_of "$1")
  read -r code seconds <"$lines.end"
  if [ "$code" != 0 ]; then
    verdict=FAILED
    status=1
  elif [ -z "$reference" ]; then
    reference="$lines.txt"
    verdict=reference
  elif cmp -s "$reference" "$lines.txt"; then
    verdict=same
  else
    verdict=DIFFERENT
    status=1
  fi
  digest=$(sha256sum "$lines.txt" | cut -c 1-16)
  printf '%-40s %5s  %-16s  %6s  %s\n' "$1" "$(wc -l <"$lines.txt")" "$digest" "$seconds" "$verdict"
  case $verdict in
    FAILED) tail -n 5 "$lines.err" >&2 ;;
    DIFFERENT) diff "$reference" "$lines.txt" | grep '^>' >&2 || true ;;
  esac
}

# emulate CPU: a run with one thread as this x86-64 CPU.
emulate() {
  start "qemu-x86_64 $1, --threads 1" qemu-x86_64 -cpu "$1" "$x86" --threads 1
}

printf '\n%-40s %5s  %-16s  %6s  %s\n' run lines 'sha256 of lines' seconds verdict
for threads in 1 2 4 8; do
  start "native, --threads $threads" "$x86" --threads "$threads"
  wait
  judge "native, --threads $threads"
done
# Emulated runs take minutes, each on one processor (the last on two): two at a time.
# One thread only as arm64: under Debian 12's qemu-aarch64 any thread creation hangs.
arm_run="qemu-aarch64, --threads 1"
start "$arm_run" qemu-aarch64 -L /usr/aarch64-linux-gnu "$arm64" --threads 1
emulate Nehalem
wait
judge "$arm_run"
judge 'qemu-x86_64 Nehalem, --threads 1'
emulate Haswell
emulate Skylake-Client
wait
judge 'qemu-x86_64 Haswell, --threads 1'
judge 'qemu-x86_64 Skylake-Client, --threads 1'
start 'qemu-x86_64 Nehalem, --threads 2' qemu-x86_64 -cpu Nehalem "$x86" --threads 2
wait
judge 'qemu-x86_64 Nehalem, --threads 2'

if [ "$status" = 0 ]; then
  printf '\nall runs give the same digests:\n\n'
  cat "$reference"
else
  printf '\nthe digests differ or a run failed: see %s\n' "$out/runs" >&2
fi
exit "$status"
