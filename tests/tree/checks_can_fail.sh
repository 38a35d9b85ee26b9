#!/usr/bin/env bash
# Each check of the tree, held against a small tree that breaks what it promises: it has to say so.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
status=0

# complains CHECK TEXT: CHECK fails on the small tree and says TEXT.
complains() {
  local said
  if said=$(bash "$here/$1.sh" "$tree" 2>&1); then echo "$1.sh found nothing wrong where it should say: $2"; status=1
  elif [[ $said != *"$2"* ]]; then printf '%s\n' "$1.sh should say: $2" "and says: $said"; status=1
  fi
}
agrees() { bash "$here/$1.sh" "$tree" >/dev/null || { echo "$1.sh finds fault with a tree that is right"; status=1; }; }

mkdir -p "$tree"/{docs,engine/deep,sim}
cat >"$tree/docs/architecture.md" <<'DRAWING'
```layers
  layer  | sees        | headers | sources
  sim         | sim             engine  | std     | boost
  engine/deep |     engine/deep engine  | std     | curl
  engine      |                 engine  | std     | fmt
```
DRAWING
cat >"$tree/engine/right.hpp" <<'RIGHT'
#include <vector>
// Result<int> said_in_a_comment();
using Answer = Result<int>;
struct Port {
  [[nodiscard]] virtual Result<std::map<int, int>> ask(const Result<int>& before) = 0;
  std::function<Result<int>(int)> later;
  Result<int> last;
  int plain(const Result<void>& result);
};
RIGHT
agrees includes; agrees nodiscard; agrees tidy

wrong() { cat >"$tree/engine/wrong.$1"; }
undo() { rm -f "$tree"/engine/wrong.* "$tree"/engine/deep/*; }

wrong hpp <<<'#include "sim/run.hpp"';        complains includes 'engine/wrong.hpp:1: engine does not see sim'
wrong hpp <<<'#include "run.hpp"';            complains includes 'does not name its layer'
wrong hpp <<<'#include <nlohmann/json.hpp>';  complains includes 'engine does not use <nlohmann/json.hpp>'
wrong hpp <<<'#include <QWidget>';            complains includes 'engine does not use <QWidget>'
wrong hpp <<<'#include <sys/socket.h>';       complains includes 'engine does not use <sys/socket.h>'
wrong hpp <<<'#include <fmt/format.h>';       complains includes 'keeps <fmt/format.h> out of its headers'
wrong hpp <<<'#include "engine/deep/a.hpp"';  complains includes 'engine/wrong.hpp:1: engine does not see engine/deep'
undo
echo '#include "sim/run.hpp"' >"$tree/engine/deep/a.cpp"; complains includes 'engine/deep does not see sim'
echo '#include <fmt/format.h>' >"$tree/engine/deep/a.cpp"; complains includes 'engine/deep does not use <fmt/format.h>'
printf '#include "engine/right.hpp"\n#include <curl/curl.h>\n' >"$tree/engine/deep/a.cpp"; agrees includes
undo

wrong hpp <<<'Result<int> count(int n);';                       complains nodiscard 'engine/wrong.hpp:1: a Result may be dropped'
wrong hpp <<<'struct S { virtual Result<std::vector<int>> all() const = 0; };'; complains nodiscard 'may be dropped'
wrong hpp <<<'struct S { public: static Result<int> make(); };';  complains nodiscard 'may be dropped'
wrong hpp <<<'KubeResult<json> get(int n);';                     complains nodiscard 'may be dropped'
wrong hpp <<<'auto count(int n) -> Result<int>;';               complains nodiscard 'may be dropped'
wrong hpp <<<$'namespace v {\nvolary::Result<void>\nwrite(int n);\n}';  complains nodiscard 'engine/wrong.hpp:2:'
undo

wrong cpp <<<'// TO''DO: think';                                complains tidy 'engine/wrong.cpp:1:'
wrong cpp <<<'TEST_''CASE("--seed decides") {}';      complains tidy 'takes this name for an option'
wrong cpp <<<$'TEST_''CASE(\n    "one thing; "\n    "another") {}';  complains tidy 'no semicolon in a name'
seq 701 | wrong cpp;                               complains tidy 'engine/wrong.cpp: 701 lines'
undo

echo 'See [the notes](docs/notes.md) and `engine/right.*`.' >"$tree/README.md"
complains paths 'README.md: the link to docs/notes.md leads nowhere'
echo 'See [the drawing](docs/architecture.md) and `engine/left.hpp`.' >"$tree/README.md"
complains paths 'README.md: there is no engine/left.hpp'
echo 'See [the drawing](docs/architecture.md) and `engine/right.*`.' >"$tree/README.md"
agrees paths

# The engine's check, shown a program that does link sockets: cmake itself.
if said=$(bash "$here/engine_alone.sh" "$(command -v cmake)" 2>&1) || [[ $said != *"the engine loads"*curl* ]]; then
  printf '%s\n' "engine_alone.sh should refuse cmake, which loads libcurl, and says: $said"; status=1
fi

exit $status
