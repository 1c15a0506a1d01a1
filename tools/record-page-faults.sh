#!/bin/sh
# Records which pages of which files a command touches, by page faults, for `axfs workload import`.
# Works for any user where the kernel lets perf in; otherwise says exactly what is missing.
set -eu

PROGRAM=record-page-faults
PARANOID=${AXFS_PARANOID_FILE:-/proc/sys/kernel/perf_event_paranoid}
TRACEFS=${AXFS_TRACEFS:-}

usage() {
  cat <<'END'
Usage: record-page-faults.sh [options] -o FILE -- COMMAND [ARGUMENT...]

Records the page faults of COMMAND and of what it starts, as text that
`axfs workload import FILE` reads.

Options:
  -o, --output FILE    where the recording goes; with ftrace FILE.paths, too
  -m, --method METHOD  perf, ftrace, or auto: the first that works (default: auto)
  -p, --paths DIR      filesystem whose paths ftrace needs (default: /)
      --check          say which methods work here, record nothing
  -h, --help           print this help and exit

Methods:
  perf    software event page-faults with addresses: every fault of the command, processes
          told apart. Needs perf, and perf_event_paranoid of 2 or less; no root.
  ftrace  page cache events of the whole machine while the command runs. Needs a writable
          tracefs, which only root has unless given away. Pages already cached leave no
          event: drop caches first (sync; echo 3 > /proc/sys/vm/drop_caches).

Faults happen at the first touch of a page, and the kernel maps up to 16 cached pages around
it. As root, for single pages:
  echo 4096 > /sys/kernel/debug/fault_around_bytes

Examples:
  record-page-faults.sh -o faults.txt -- ls -l /usr
  axfs workload import faults.txt -o ls.csv
  record-page-faults.sh -m ftrace -o events.txt -- sh -c 'service app start; sleep 10'
  axfs workload import events.txt --path-map events.txt.paths -o app.csv

Programs of another machine, without its kernel: see src/workload/README.md, "User mode QEMU".

Exit codes:
  0   recorded; the command's own exit code is printed when it is not 0
  8   nothing was recorded
  16  the command line is at fault
END
}

fail() {
  printf '%s: %s\n' "$PROGRAM" "$1" >&2
  exit 8
}

misuse() {
  printf '%s: %s (--help says more)\n' "$PROGRAM" "$1" >&2
  exit 16
}

# What keeps perf from working, or nothing.
perf_trouble() {
  if ! command -v perf >/dev/null 2>&1; then
    echo "perf is not installed (Debian: linux-perf, Ubuntu: linux-tools-generic, Buildroot: BR2_PACKAGE_LINUX_TOOLS_PERF)"
  elif [ ! -r "$PARANOID" ]; then
    echo "$PARANOID is not there: this kernel has no perf events (CONFIG_PERF_EVENTS)"
  elif [ "$(id -u)" -ne 0 ] && [ "$(cat "$PARANOID")" -gt 2 ]; then
    echo "perf_event_paranoid is $(cat "$PARANOID"), 2 or less is needed; as root: sysctl kernel.perf_event_paranoid=2"
  fi
}

# Where the kernel's trace events are, or nothing.
tracefs() {
  for place in ${TRACEFS:-/sys/kernel/tracing /sys/kernel/debug/tracing}; do
    if [ -d "$place/instances" ]; then
      echo "$place"
      return
    fi
  done
}

# What keeps ftrace from working, or nothing.
ftrace_trouble() {
  place=$(tracefs)
  if [ -z "$place" ]; then
    echo "no tracefs can be seen; as root: mount -t tracefs none /sys/kernel/tracing (needs CONFIG_FTRACE)"
  elif [ ! -w "$place/instances" ]; then
    echo "$place/instances cannot be written; run as root, or as root: chmod a+rx $place; chown -R $(id -un) $place/instances"
  elif [ ! -d "$place/events/filemap" ]; then
    echo "$place/events/filemap is not there: this kernel has no page cache events"
  fi
}

say_check() {
  for method in perf ftrace; do
    trouble=$("${method}_trouble")
    printf '%-7s %s\n' "$method" "${trouble:-works}"
  done
}

status=0
run_command() {
  "$@" || status=$?
}

record_perf() {
  data=$work/perf.data
  run_command perf record -q -e page-faults -c 1 -d -o "$data" -- "$@"
  [ -s "$data" ] || fail "perf recorded nothing: it ended with exit code $status"
  perf script -i "$data" --show-mmap-events --show-task-events \
    -F comm,pid,tid,time,event,addr,ip >"$work/text" 2>"$work/errors" ||
    fail "perf script: $(head -n 1 "$work/errors")"
}

record_ftrace() {
  instance=$(tracefs)/instances/axfs-$$
  mkdir "$instance" || fail "cannot make $instance"
  for event in mm_filemap_add_to_page_cache mm_filemap_fault mm_filemap_get_pages; do
    if [ -e "$instance/events/filemap/$event/enable" ]; then
      echo 1 >"$instance/events/filemap/$event/enable"
    fi
  done
  run_command "$@"
  echo 0 >"$instance/tracing_on"
  cat "$instance/trace" >"$work/text"
  find "$paths" -xdev -type f -printf '%D:%i %p\n' >"$work/paths" 2>"$work/errors" ||
    printf '%s: not all of %s could be read: %s\n' "$PROGRAM" "$paths" "$(head -n 1 "$work/errors")" >&2
  [ -s "$work/paths" ] || fail "find -printf lists nothing below $paths: GNU find is needed"
}

# A file appears when it is complete: in its own directory, it is renamed.
deliver() {
  cp "$1" "$2.part" && mv -f "$2.part" "$2"
}

instance=
work=
tidy() {
  if [ -n "$instance" ] && [ -d "$instance" ]; then rmdir "$instance" || true; fi
  if [ -n "$work" ]; then rm -rf "$work"; fi
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

output=
method=auto
paths=/
check=
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help)
    usage
    exit 0
    ;;
  -o | --output | -m | --method | -p | --paths)
    [ $# -ge 2 ] || misuse "$1 needs a value"
    case $1 in
    -o | --output) output=$2 ;;
    -m | --method) method=$2 ;;
    *) paths=$2 ;;
    esac
    shift 2
    ;;
  --check)
    check=yes
    shift
    ;;
  --)
    shift
    break
    ;;
  -*) misuse "unknown option '$1'" ;;
  *) break ;;
  esac
done

if [ -n "$check" ]; then
  say_check
  exit 0
fi
case $method in
perf | ftrace | auto) ;;
*) misuse "method is '$method', expected perf, ftrace or auto" ;;
esac
[ -n "$output" ] || misuse "an output is needed: -o FILE"
[ $# -gt 0 ] || misuse "a command is needed behind --"
command -v "$1" >/dev/null 2>&1 || misuse "no command '$1'"
[ -d "$paths" ] || misuse "'$paths' is no directory"

if [ "$method" = auto ]; then
  if [ -z "$(perf_trouble)" ]; then
    method=perf
  elif [ -z "$(ftrace_trouble)" ]; then
    method=ftrace
  else
    say_check >&2
    fail "page faults cannot be recorded here; with user mode QEMU they can: src/workload/README.md"
  fi
fi
trouble=$("${method}_trouble")
[ -z "$trouble" ] || fail "$method: $trouble"

work=$(mktemp -d "${TMPDIR:-/tmp}/$PROGRAM.XXXXXX") || fail "no temporary directory"
"record_$method" "$@"
[ -s "$work/text" ] || fail "$method recorded nothing"
if [ -s "$work/paths" ]; then
  deliver "$work/paths" "$output.paths" || fail "cannot write $output.paths"
fi
deliver "$work/text" "$output" || fail "cannot write $output"
if [ "$status" -ne 0 ]; then
  printf '%s: the command ended with exit code %s\n' "$PROGRAM" "$status" >&2
fi
printf '%s: %s lines by %s in %s\n' "$PROGRAM" "$(wc -l <"$output" | tr -d ' ')" "$method" "$output" >&2
