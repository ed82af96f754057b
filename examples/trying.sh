# What the try.sh of each example is told with: a folder of its own, a gateway on loopback, requests, and an end that
# leaves nothing behind. Sourced with HERE set to the example's folder.

set -euo pipefail
export PATH="$HERE/../../.venv/bin:$PATH:/usr/sbin:/usr/lib/openldap"
command -v dirbridge >/dev/null || { echo "dirbridge is not set up yet: run 'make demo' once." >&2; exit 2; }

WORK=$(mktemp -d "${TMPDIR:-/tmp}/dirbridge-example-XXXXXX")
STARTED=()
tidy() {
    local pid
    for pid in ${STARTED[@]+"${STARTED[@]}"}; do kill "$pid" 2>/dev/null || true; done
    for pid in ${STARTED[@]+"${STARTED[@]}"}; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$WORK"
}
trap tidy EXIT
trap 'exit 130' INT TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' CYAN=$'\e[1;36m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
    BOLD='' CYAN='' DIM='' PLAIN=''
fi
NUMBER=0

say() { printf '%s\n' "$*"; }
scene() { NUMBER=$((NUMBER + 1)); printf '\n%s%s. %s%s\n' "$CYAN" "$NUMBER" "$*" "$PLAIN"; }
note() { printf '%s%s%s\n' "$DIM" "$*" "$PLAIN"; }
tell() { python "$HERE/../trying.py" "$@"; }

# run COMMAND...: show a command, and do it where the copies of the files are
run() { printf '%s$ %s%s\n' "$BOLD" "$*" "$PLAIN"; (cd "$WORK" && "$@"); }

# free_port: one that nobody listens on
free_port() { tell port; }

# serve: start the gateway on config.toml, and remember where it is and a token for it
serve() {
    (cd "$WORK" && dirbridge token create try --json) >"$WORK/token.json"
    (cd "$WORK" && exec dirbridge serve --config config.toml --listen 127.0.0.1:0) >"$WORK/serve.log" 2>&1 &
    STARTED+=($!)
    tell await "$WORK" || { cat "$WORK/serve.log" >&2; exit 1; }
    note "(a real gateway now listens at $(cat "$WORK/url"), until this ends)"
}

# scim METHOD PATH [JSON]: send a request as the identity provider would; ID becomes the id in the answer
scim() {
    tell scim "$WORK" "$@"
    ID=$(cat "$WORK/id")
}

# rows TITLE SELECT: what stands in the SQLite file
rows() { tell rows "$WORK/app.db" "$@"; }

# entry FILTER: what stands in the directory, as slapd itself keeps it
entry() { (cd "$WORK" && slapcat -f slapd.conf -o ldif-wrap=no -a "$1" 2>/dev/null) | tell entry; }

# sql FILE: make the SQLite file
sql() { tell sql "$WORK/app.db" "$1"; }
