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
time_limit=900

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
# run NAME COMMAND…: one row of the table. What qemu writes to standard error is kept in a file: under qemu-aarch64 a pipe
# there can block the guest.
run() {
  name=$1
  shift
  lines="$out/runs/$(echo "$name" | tr -cs '[:alnum:]\n' -)"
  started=$(date +%s)
  if ! timeout "$time_limit" "$@" >"$lines.txt" 2>"$lines.err"; then
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
  printf '%-40s %5s  %-16s  %6s  %s\n' "$name" "$(wc -l <"$lines.txt")" "$digest" "$(($(date +%s) - started))" "$verdict"
  case $verdict in
    FAILED) tail -n 5 "$lines.err" >&2 ;;
    DIFFERENT) diff "$reference" "$lines.txt" | grep '^>' >&2 || true ;;
  esac
}

printf '\n%-40s %5s  %-16s  %6s  %s\n' run lines 'sha256 of lines' seconds verdict
for threads in 1 2 4 8; do
  run "native, --threads $threads" "$x86" --threads "$threads"
done
for cpu in Nehalem Haswell Skylake-Client; do
  run "qemu-x86_64 $cpu, --threads 1" qemu-x86_64 -cpu "$cpu" "$x86" --threads 1
done
run "qemu-x86_64 Nehalem, --threads 2" qemu-x86_64 -cpu Nehalem "$x86" --threads 2
# One thread only: under Debian 12's qemu-aarch64 any thread creation hangs.
run "qemu-aarch64, --threads 1" qemu-aarch64 -L /usr/aarch64-linux-gnu "$arm64" --threads 1

if [ "$status" = 0 ]; then
  printf '\nall runs give the same digests:\n\n'
  cat "$reference"
else
  printf '\nthe digests differ or a run failed: see %s\n' "$out/runs" >&2
fi
exit "$status"
