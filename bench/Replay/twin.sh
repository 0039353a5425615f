#!/usr/bin/env bash
# The twin of the fleet: the production router in front of simulated engines, in virtual time, so that only the processor seconds depend on the machine.
#   bench/Replay/twin.sh TRACE > bench/results/replay-twin.txt
# TRACE is the conversation trace in Mooncake's format. PROGRAM (the built benchmark) is taken from the environment; else it is built here.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
trace="${1:?usage: twin.sh TRACE}"
program="${PROGRAM:-}"
if [ -z "$program" ]; then
    dotnet build -c Release "$root/bench/Replay" --nologo -v quiet >&2
    program="$root/bench/Replay/bin/Release/net10.0/Tiercel.Bench.Replay"
fi

every=cost,prefix_affinity,least_request,power_of_two,round_robin
replay() { "$program" --twin "$@"; }
table() { printf '\n%s\n' "$1"; shift; replay "$@"; }

echo "The twin of the fleet in virtual time: production router, 8 simulated engines with 2,500 KV blocks of 512 tokens, objective TTFT 5 s and mean TPOT 0.1 s, refusals count"
echo "against it. The first 900 s of the conversation trace, its requests spread over each step of its clock by three seeds: means, and the least share of the three."
echo
replay "$trace" --seeds 1,2,3 --policies "$every"
table "Unlike devices: 2,1,1,1,1,0.5,0.5,1" "$trace" --seeds 1,2,3 --speeds 2,1,1,1,1,0.5,0.5,1 --loads 1,1.5 --policies "$every"
table "800 KV blocks" "$trace" --seeds 1,2,3 --blocks 800 --policies "$every"
table "Engines that do not tell cached tokens" "$trace" --seeds 1,2,3 --no-cached-tokens
table "No objective: nothing is refused" "$trace" --seeds 1,2,3 --no-objective --loads 1,1.5 --policies "$every"
for kind in unique decode shared bursts chat short; do
    table "synthetic:$kind, 1,200 s" "synthetic:$kind" --seconds 1200 --loads 1,1.5,2,3,10 --policies "$every"
done
