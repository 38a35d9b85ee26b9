#!/usr/bin/env bash
# Holds the engine to oracle.py, a second reading of the specification, on cases that draw.py invents.
#
#     second_reading.sh RUNNER SEED COUNT
set -euo pipefail
runner=$1 seed=$2 count=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! command -v python3 >/dev/null; then
  echo "python3 is not installed: the second reading of the specification was NOT compared" >&2
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1  # nothing is left beside the sources
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 "$here/draw.py" "$seed" "$count" >"$folder/drawn.jsonl"
python3 "$here/oracle.py" "$folder/drawn.jsonl" --record "$folder/cases.jsonl"
gzip "$folder/cases.jsonl"
python3 "$here/convert.py" "$folder/cases.jsonl.gz" "$folder"
if ! "$runner" "$folder"/*.yaml >"$folder/report"; then
  grep -v '^✓' "$folder/report"
  echo "seed $seed: engine and oracle.py read the specification differently" >&2
  exit 1
fi
passed=$(grep -c '^✓' "$folder/report")
[ "$passed" = "$count" ] || { echo "only $passed of $count cases were run" >&2; exit 1; }

# It can fail: one event more or less is seen.
sed -i '0,/EV-INIT-DONE/s//EV-COPY/' "$folder"/*.yaml
if "$runner" "$folder"/*.yaml >/dev/null; then
  echo "a changed expectation was not noticed" >&2
  exit 1
fi
echo "$passed cases agree"
