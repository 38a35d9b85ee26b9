#!/usr/bin/env bash
# Opens reports in headless Chromium and holds what the page became: charts drawn, lines labelled, nothing on the
# console, nothing fetched.
set -uo pipefail
volary=$1 source=$2
command -v chromium >/dev/null || { echo "there is no chromium here"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$source" || exit 1
failures=0
failed() { printf 'FAILED %s: %s\n' "$1" "$2"; failures=$((failures + 1)); }

# open NAME: the page after its scripts have run in $folder/NAME.dom, what the browser said in $folder/NAME.log
open() {
  timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$folder/profile" --enable-logging=stderr \
    --window-size=1280,2400 --virtual-time-budget=10000 --dump-dom "file://$folder/$1.html" \
    >"$folder/$1.dom" 2>"$folder/$1.log" || failed "$1" "chromium ended with $?"
}

# holds NAME PATTERN LEAST: at least so many places of the page match
holds() {
  local found
  found=$(grep -oE -- "$2" "$folder/$1.dom" | wc -l)
  ((found >= $3)) || failed "$1" "expected at least $3 of /$2/, found $found"
}

report() {  # report NAME WORDS…
  local name=$1
  shift
  "$volary" run "$@" --report "$folder/$name.html" >/dev/null || failed "$name" "volary run ended with $?"
  open "$name"
  grep -E 'CONSOLE' "$folder/$name.log" && failed "$name" "something was said on the console"
  holds "$name" '<canvas' 5
  holds "$name" 'class="dygraph-axis-label' 10
  holds "$name" '<span style="left: [0-9.]+px; top: [0-9.]+px;"><i' 6
}

policy=policies/default-progressive.yaml
report one scenarios/checkout-latency-regression.yaml $policy
report several scenarios/slow-dependency.yaml $policy policies/bold-progressive.yaml
holds several 'class="charts"' 2
holds several '<canvas' 20
report empty scenarios/mmc.yaml $policy
holds empty 'no request failed' 1
report seeds scenarios/low-traffic.yaml $policy policies/bold-progressive.yaml --seeds 8
holds seeds 'class="histogram"' 4
holds seeds 'class="rule"' 8

# The check can fail: a page whose data is broken says so on the console.
sed 's|<script type="application/json">{|<script type="application/json">{{|' "$folder/one.html" >"$folder/broken.html"
open broken
grep -q 'CONSOLE' "$folder/broken.log" || failed broken "a broken page went unnoticed"

exit $((failures > 0))
