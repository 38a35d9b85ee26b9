#!/usr/bin/env bash
# `volary test` as its user meets it: exit codes, what is printed, --junit, --json, --record, folders and patterns.
set -uo pipefail
volary=$1 source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
cp "$source"/docs/examples/checkout* .
failures=0

expect() {  # expect NAME EXIT PATTERN COMMAND…
  local name=$1 code=$2 pattern=$3 got output
  shift 3
  output=$("$@" 2>&1)
  got=$?
  if [ "$got" != "$code" ] || ! grep -qE -- "$pattern" <<<"$output"; then
    printf 'FAILED %s: exit %s (expected %s), expected /%s/ in:\n%s\n' "$name" "$got" "$code" "$pattern" "$output"
    failures=$((failures + 1))
  fi
}

expect "a file that passes" 0 '^4 tests: 4 passed$' "$volary" test checkout.test.yaml
expect "a folder" 0 '^4 tests: 4 passed$' "$volary" test .
expect "a pattern" 0 '^4 tests: 4 passed$' "$volary" test 'check*.test.yaml'
expect "the same file twice counts once" 0 '^4 tests: 4 passed$' "$volary" test checkout.test.yaml checkout.test.yaml
expect "JSON" 0 '^\{"name":"a good release .*"passed":true,"ticks":38\}$' "$volary" test --json checkout.test.yaml
expect "help" 0 'volary test docs/examples' "$volary" test --help

expect "the other semantics" 0 '^4 tests: 4 passed$' "$volary" test --compat flagger checkout.test.yaml
expect "a quirk shows under the other semantics" 1 'EV-WEIGHT\(0\)' "$volary" test --compat flagger "$source/tests/timelines/tl-22-mirror-step-unsupported-strict.yaml"
expect "no recording under semantics that the file does not name" 2 'record' "$volary" test --compat flagger --record checkout.test.yaml

sed -i 's/threshold: 2/threshold: 3/' checkout-canary.yaml
expect "a difference" 1 'tick 5 \(checkout.test.yaml:30\)' "$volary" test checkout.test.yaml
expect "its rules" 1 'decided by EV-BREACH: SM-63' "$volary" test -q checkout.test.yaml
expect "JUnit is written all the same" 1 '4 tests: 2 passed, 2 differ' "$volary" test --junit out.xml checkout.test.yaml
expect "JUnit" 0 '<testsuites name="volary test" tests="4" failures="2">' cat out.xml

cp checkout.test.yaml before.yaml
expect "record" 0 '4 tests: 4 passed' "$volary" test --record checkout.test.yaml
expect "recorded" 0 '4 tests: 4 passed' "$volary" test checkout.test.yaml
expect "comments stay" 0 'half an hour later' grep '# half an hour later' checkout.test.yaml
cp checkout.test.yaml once.yaml
expect "nothing more to record" 0 '4 passed' "$volary" test --record checkout.test.yaml
expect "recording twice changes nothing" 0 '' cmp once.yaml checkout.test.yaml

expect "no such file" 2 'nowhere.yaml' "$volary" test nowhere.yaml
expect "no test in it" 2 'holds no PolicyTest' "$volary" test checkout-canary.yaml
expect "a pattern without a file" 2 'matches none' "$volary" test 'nothing*.yaml'
expect "a misspelt key" 2 'did you mean target' bash -c "sed 's/{target: B/{traget: B/' once.yaml >typo.test.yaml; '$volary' test typo.test.yaml"
expect "a policy that is not there" 2 'checkout-canarx.yaml' bash -c "sed 's/checkout-canary/checkout-canarx/' once.yaml >gone.test.yaml; '$volary' test gone.test.yaml"
: >empty.yaml
expect "an empty file" 2 'empty.yaml' "$volary" test empty.yaml
head -c 4096 /dev/urandom >binary.yaml
expect "a binary file" 2 'binary.yaml' "$volary" test binary.yaml
expect "results that cannot be written" 6 '^error: cannot write' bash -c "'$volary' test once.yaml >/dev/full"
expect "JUnit that cannot be written" 6 'no/such/folder' "$volary" test --junit no/such/folder/out.xml before.yaml

exit $((failures > 0))
