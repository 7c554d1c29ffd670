# shellcheck shell=bash
# The processes of one control plane, listed in DIR/pids as "NAME PID START". START is the kernel's
# start time of the process, so a reused pid is never taken for ours. Source it.

# process_start PID: prints the start time of PID in clock ticks after boot; fails if it is gone.
process_start() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # The second field, in parentheses, may hold spaces; what follows its last ')' does not.
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [[ $1 != Z && $1 != X ]] || return 1
  printf '%s\n' "${20}"
}

# same_process PID START
same_process() { [[ $(process_start "$1") == "$2" ]]; }

# pause SECONDS: sleeps without starting a process.
pause() {
  [[ ${PAUSE_FD:-} ]] || exec {PAUSE_FD}<> <(:)
  read -rt "$1" -u "$PAUSE_FD" || :
}
