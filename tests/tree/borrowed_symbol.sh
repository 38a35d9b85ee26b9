#!/usr/bin/env bash
# borrowed_symbol.sh CMAKE_FOLDER COMPILER: a layer that uses what only a layer above defines fails to link alone.
set -euo pipefail
modules=$1 compiler=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir "$tree/lower" "$tree/upper"
echo 'int from_above(); int borrow() { return from_above(); }' >"$tree/lower/lower.cpp"
echo 'int from_above() { return 1; }' >"$tree/upper/upper.cpp"
cat >"$tree/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(borrowed LANGUAGES CXX)
set(VOLARY_TESTS ON)
list(APPEND CMAKE_MODULE_PATH "$modules")
include(VolaryLayer)
volary_layer(lower)
volary_layer(upper SEES volary::lower)
CMAKE

cmake -G Ninja -S "$tree" -B "$tree/build" -DCMAKE_CXX_COMPILER="$compiler" >"$tree/log" 2>&1 || { cat "$tree/log"; exit 1; }
cmake --build "$tree/build" --target volary_upper >"$tree/log" 2>&1 || { cat "$tree/log"; exit 1; }
if cmake --build "$tree/build" --target volary_lower_alone >"$tree/log" 2>&1; then
  echo "a layer that borrows from above links alone: the check is blind"; exit 1
fi
grep -qE "undefined (reference|symbol).*from_above" "$tree/log" || { cat "$tree/log"; exit 1; }
echo "it does not"
