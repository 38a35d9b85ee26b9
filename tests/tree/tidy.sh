#!/usr/bin/env bash
# tidy.sh ROOT: no source file is longer than 700 lines, none puts work off until later, and no test has a name that
# cannot be run by its name.
set -euo pipefail
root=${1:?the root of the tree}
limit=700
later='TO''DO|FIX''ME|XX''X:'  # spelled so that this file may stand here itself

mapfile -t files < <(find "$root"/{engine,policies,live,sim,scenarios,cli,gui,tests,cmake} -type f \
  \( -name '*.[ch]pp' -o -name '*.cmake' -o -name '*.sh' -o -name CMakeLists.txt \) 2>/dev/null | sort)
((${#files[@]})) || { echo "$root: no source file was found"; exit 1; }

status=0
for file in "${files[@]}"; do
  lines=$(wc -l <"$file")
  if ((lines > limit)); then echo "${file#"$root"/}: $lines lines, where $limit is the most"; status=1; fi
done
if grep -nEw "$later" "${files[@]}" | sed "s|^$root/||; s|\$|   <- an issue or nothing|" | grep .; then status=1; fi
if grep -nE 'TEST_CASE\("-' "${files[@]}" | sed "s|^$root/||; s|\$|   <- Catch2 takes this name for an option|" | grep .; then status=1; fi
# ctest is told the names by CMake, which takes a semicolon for the end of one: such a test would never run.
if awk 'FNR == 1 { inside = 0 } /TEST_CASE\(/ { inside = 1; text = "" }
        inside { text = text $0; if (text ~ /\) *\{/) { sub(/\) *\{.*/, "", text); if (text ~ /TEST_CASE.*;/) print FILENAME ":" FNR ": " text "   <- no semicolon in a name"; inside = 0 } }' \
     "${files[@]}" | sed "s|^$root/||" | grep .; then status=1; fi
((status)) || echo "${#files[@]} files, none above $limit lines"
exit $status
