#!/usr/bin/env bash
# includes.sh ROOT: every #include of every layer is one that the drawing in docs/architecture.md allows.
#
# The drawing is the block fenced with ```layers: a row names a layer (a folder, or a folder of one that is a layer of
# its own), the layers it sees, the libraries that its headers may show and those that only its .cpp files may touch. A library is the first word of an include
# (<fmt/…> is fmt, <QWidget> is Qt); `std` is <vector>, `system` is <unistd.h>.
set -euo pipefail
root=${1:?the root of the tree}

awk -v root="$root/" '
  function trimmed(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
  function allow(table, layer, words,    part, i, n) {
    n = split(words, part, /[ \t]+/)
    for (i = 1; i <= n; i++) if (part[i] != "") table[layer, part[i]] = 1
  }
  # The layer of a path: of its first two folders together if they are drawn as one, else of its first.
  function layer_of(path,    part) {
    split(path, part, "/")
    return (part[1] "/" part[2]) in known ? part[1] "/" part[2] : part[1]
  }
  function complain(text) { print substr(FILENAME, length(root) + 1) ":" FNR ": " text; wrong++ }

  FILENAME ~ /architecture\.md$/ {
    if ($0 ~ /^```layers/) { drawing = 1; next }
    if ($0 ~ /^```/) drawing = 0
    if (!drawing || split($0, cell, "|") < 4) next
    layer = trimmed(cell[1])
    if (layer == "layer") next
    known[layer] = 1; rows++
    allow(sees, layer, cell[2]); allow(in_headers, layer, cell[3]); allow(in_sources, layer, cell[4])
    next
  }

  FNR == 1 {
    layer = layer_of(substr(FILENAME, length(root) + 1))
    header = FILENAME ~ /\.hpp$/
    files++
    if (!(layer in known)) complain("the drawing in docs/architecture.md has no layer " layer)
  }

  /^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\""); path = quoted[2]
    if (path !~ /\//) { complain("\"" path "\" does not name its layer"); next }
    target = layer_of(path)
    if (!((layer, target) in sees)) complain(layer " does not see " target ", but includes \"" path "\"")
  }

  /^[ \t]*#[ \t]*include[ \t]*</ {
    path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
    library = path; sub(/[\/.].*/, "", library)
    if (path ~ /^[a-z_0-9]+$/) library = "std"
    else if (path ~ /^Q[A-Za-z][A-Za-z0-9]*$/ || path ~ /^Qt[A-Z][a-zA-Z0-9]*\//) library = "Qt"
    else if ((layer, library) in in_sources || (layer, library) in in_headers) ;
    else if (path ~ /^((sys|netinet|arpa|net|sanitizer)\/)?[a-z_0-9]+\.h$/) library = "system"
    if ((layer, library) in in_headers) next
    if (!header && (layer, library) in in_sources) next
    complain(layer ((layer, library) in in_sources ? " keeps <" path "> out of its headers" : " does not use <" path ">"))
  }

  END {
    if (rows < 2) { print "docs/architecture.md: no drawing of the layers was found"; wrong++ }
    if (files == 0) { print root ": no source file was found"; wrong++ }
    if (wrong) exit 1
    print files " files include what the drawing allows"
  }' "$root/docs/architecture.md" \
  $(find "$root"/{engine,policies,live,sim,scenarios,cli,gui} -name '*.[ch]pp' 2>/dev/null | sort)
