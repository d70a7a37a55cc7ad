# Sourced by the scripts beside it.

step() { # step COMMAND...: a header, the command, and its seconds on stderr
  local start=$SECONDS
  printf '\n=== %s\n' "$*"
  "$@"
  printf '=== %s: %d s\n' "$*" "$((SECONDS - start))" >&2
}
