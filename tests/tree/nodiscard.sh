#!/usr/bin/env bash
# nodiscard.sh ROOT: every function that a header declares with a Result or a KubeResult says [[nodiscard]].
#
# tl::expected is not nodiscard by itself, and an error that nobody looks at is an error that nobody hears of.
set -euo pipefail
root=${1:?the root of the tree}

# A header without comments and strings is cut into declarations at ; { } and access labels, outside parentheses. One
# that starts a function ("Result<…> name(" or "name(…) -> Result<…>") has to carry the attribute.
mapfile -t headers < <(find "$root"/{engine,policies,live,sim,scenarios,cli,gui} -name '*.hpp' 2>/dev/null | sort)
((${#headers[@]})) || { echo "$root: no header was found"; exit 1; }
awk -v root="$root/" '
  function judge(text,    returns) {
    gsub(/[ \t]+/, " ", text)
    if (text ~ /^ ?(using|friend|typedef|return)[ (]/ || text ~ /^[^(]*[^=!<>]=[^=]/) return
    returns = text ~ /^[^(]*(^|[ :])(Kube)?Result<.*> ?[&*]? ?[A-Za-z_][A-Za-z_0-9:]* ?\(/ || text ~ /\) ?(const)? ?(noexcept)? ?-> ?[a-z:]*(Kube)?Result</
    if (!returns) return
    seen++
    if (text !~ /\[\[nodiscard/) { print substr(file, length(root) + 1) ":" began ": a Result may be dropped:" text; wrong++ }
  }
  function feed(line,    i, c) {
    for (i = 1; i <= length(line); i++) {
      c = substr(line, i, 1)
      if (c == "(") depth++
      if (c == ")") depth--
      if (depth == 0 && (c == ";" || c == "{" || c == "}")) { judge(text); text = ""; continue }
      if (text ~ /^[ \t]*$/ && c !~ /[ \t]/) began = FNR
      text = text c
    }
    text = text " "
    if (text ~ /^ *(public|private|protected|signals|(public |private )?slots) *: *$/) text = ""
  }
  FNR == 1 { file = FILENAME; text = ""; depth = 0; comment = 0; files++ }
  {
    line = $0
    gsub(/\\"/, "", line); gsub(/"[^"]*"/, "\"\"", line); gsub(/\047[(){};]\047/, "", line)
    if (comment) { if (!sub(/^.*\*\//, "", line)) next; comment = 0 }
    gsub(/\/\*[^*]*\*\//, "", line)
    sub(/\/\/.*/, "", line)
    if (sub(/\/\*.*/, "", line)) comment = 1
    if (line ~ /^[ \t]*#/) next
    feed(line)
  }
  END {
    if (seen == 0) { print "no function with a Result was found in " files + 0 " headers"; exit 1 }
    if (wrong) exit 1
    print seen " functions with a Result in " files " headers, each [[nodiscard]]"
  }' "${headers[@]}"
