#!/usr/bin/env bash
# Routing as a black box: simulated engines with vLLM's surface over real HTTP, the real gateway in front of them, and a replayed trace, in scaled time.
#   bench/Replay/run.sh TRACE [LOAD ...]        loads default to 1.0 1.5 2.0, then 1.0 with unlike devices
# SPEED (times faster than real, default 15), SECONDS_OF_TRACE (900), BLOCKS (2500), TOOLS (folder of fleet.py and replay.py), TIERCEL (the program), RESULTS (file)
# are taken from the environment. The gateway's times are divided by SPEED, as the engines' are. Each line of the results is what replay.py prints, with what was run.
# When late_ms is more than a few milliseconds the machine is too slow for the speed: take a smaller one.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
trace="${1:?usage: run.sh TRACE [LOAD ...]}"
shift
loads=("$@")
[ ${#loads[@]} -gt 0 ] || loads=(1.0 1.5 2.0 unlike)
speed="${SPEED:-15}"
length="${SECONDS_OF_TRACE:-900}"
tools="${TOOLS:-$root/../shared/tools/routing}"
tiercel="${TIERCEL:-$root/tiercel}"
results="${RESULTS:-$root/bench/results/replay-black-box.jsonl}"
engines=8
base=19000
port=18900
export REPLAY_KEY=sk-1234
export BLOCKS="${BLOCKS:-2500}"
work="$(mktemp -d)"
children=()

stop() {
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    children=()
}
trap 'stop; rm -rf "$work"' EXIT

# A time of the objective, in milliseconds of the scaled clock.
scaled() { awk -v ms="$1" -v speed="$speed" 'BEGIN { printf "%.2fms", ms / speed }'; }

config() {
    {
        echo "listen: [ { address: \"127.0.0.1:$port\" } ]"
        # replay.py calls the gateway by the name "x".
        echo "allowed_hosts: [ x ]"
        echo "tenants: { replay: { class: interactive, keys: [ { name: replay, key: env:REPLAY_KEY } ] } }"
        echo "pools:"
        echo "  sim:"
        echo "    policy: ${POLICY:-cost}"
        echo "    upstreams:"
        for ((i = 0; i < engines; i++)); do
            echo "      - { name: e$i, kind: openai, url: \"http://127.0.0.1:$((base + i))\", model: m, max_concurrency: 256 }"
        done
        echo "routes: { m: { pool: sim, class: interactive } }"
        echo "classes: { interactive: { ttft: $(scaled 5000), tpot: $(scaled 100) } }"
        echo "health: { probe_interval: $(scaled 5000), slow_start: $(scaled 10000), base_ejection: $(scaled 30000), max_ejection: $(scaled 300000) }"
        echo "ledger: { path: \"$work/usage.db\" }"
    } >"$work/tiercel.yaml"
}

wait_for() {
    for ((i = 0; i < 600; i++)); do
        if python3 -c "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 1).close()" "$1" 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nothing listens on port $1" >&2
    cat "$work"/*.log >&2
    exit 1
}

run() {
    local load="$1" speeds="${2:-}"
    python3 "$tools/fleet.py" $base $engines "$speed" $speeds >"$work/fleet.log" 2>&1 &
    children+=($!)
    $tiercel gateway --config "$work/tiercel.yaml" >"$work/gateway.log" 2>&1 &
    children+=($!)
    wait_for $((base + engines - 1))
    wait_for $port
    local line
    line="$(python3 "$tools/replay.py" "http://127.0.0.1:$port" "$trace" "$length" "$load" "$speed")"
    echo "{\"gateway\": \"tiercel\", \"policy\": \"${POLICY:-cost}\", \"speed\": $speed, \"blocks\": $BLOCKS, \"devices\": \"${speeds:-alike}\", ${line#\{}" | tee -a "$results"
    if [ -n "${KEEP_LOGS:-}" ]; then cp "$work/gateway.log" "$KEEP_LOGS"; fi
    stop
}

config
for load in "${loads[@]}"; do
    if [ "$load" = unlike ]; then run 1.0 2,1,1,1,1,0.5,0.5,1; else run "$load"; fi
done
