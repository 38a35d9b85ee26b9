#!/usr/bin/env bash
# paths.sh ROOT: what the documents point at is there.
#
# In every page, the relative links; in those that guide a newcomer, also the `paths` and the commands' files.
set -euo pipefail
root=${1:?the root of the tree}
cd "$root"
guides=(README.md CONTRIBUTING.md docs/architecture.md docs/glossary.md)
folders='engine|policies|live|sim|scenarios|cli|gui|tests|docs|cmake'
status=0 looked=0

there() { compgen -G "$1" >/dev/null; }

while IFS=: read -r page link; do
  link=${link#*](} link=${link%)} link=${link%%#*}
  [[ -n $link && $link != *://* && $link != mailto:* ]] || continue
  looked=$((looked + 1))
  there "$(dirname "$page")/$link" || { echo "$page: the link to $link leads nowhere"; status=1; }
done < <(grep -soE '\]\([^)[:space:]]+\)' README.md CONTRIBUTING.md $(find docs -name '*.md' 2>/dev/null) /dev/null || true)

while IFS=: read -r page path; do
  path=${path#[\`\" ]} path=${path%[\`\" ]}
  looked=$((looked + 1))
  there "$path" || { echo "$page: there is no $path"; status=1; }
done < <(grep -soE "[\` ]($folders)/[A-Za-z0-9_./*-]*[A-Za-z0-9_/*]" "${guides[@]}" 2>/dev/null || true)

((looked)) || { echo "no path was found in the documents of $root"; exit 1; }
((status)) || echo "$looked paths in the documents are there"
exit $status
