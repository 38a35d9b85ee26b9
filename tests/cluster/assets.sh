#!/usr/bin/env bash
# assets.sh [--find]: prints the folder that holds kube-apiserver, kube-controller-manager and etcd.
#
# It is $KUBEBUILDER_ASSETS if that has all three. Otherwise they are built once, from the public Go modules that
# kube/go.mod names, into a cache outside the checkout (five minutes on two cores; --find only looks). Nothing else is
# printed on the standard output; what happens is told on the error stream.
#
# Exit codes: 0 the folder was printed · 77 there are none and none can be built here, and why · 1 the build failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kubernetes=1.35.4
go_needed=1.25.0          # by kube/go.mod
go_fetched=1.25.5         # where the machine's is older
programs=(kube-apiserver kube-controller-manager etcd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/volary/kube-$kubernetes

tell() { printf 'cluster tests: %s\n' "$*" >&2; }
have_all() { local p; for p in "${programs[@]}"; do [[ -x $1/$p ]] || return 1; done; }

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
  if have_all "$KUBEBUILDER_ASSETS"; then printf '%s\n' "$KUBEBUILDER_ASSETS"; exit 0; fi
  tell "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS does not hold all of ${programs[*]}; using $cache"
fi

# What the programs are made of; another module or another main makes others.
sources=$(cat "$here"/kube/{main.go,go.mod,go.sum} | sha256sum | cut -c1-16)
built() { have_all "$cache" && [[ $(cat "$cache/sources" 2>/dev/null) == "$sources" ]]; }
if built; then printf '%s\n' "$cache"; exit 0; fi
if [[ ${1:-} == --find ]]; then tell "no programs in $cache: tests/cluster/assets.sh builds them"; exit 77; fi

command -v go >/dev/null || { tell "no Go here to build kube-apiserver and etcd with, and no KUBEBUILDER_ASSETS"; exit 77; }
mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock"             # two checkouts build it once
if built; then printf '%s\n' "$cache"; exit 0; fi

export GOFLAGS=-mod=readonly CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off
older() { [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }
go=$(command -v go)
version=$("$go" env GOVERSION); version=${version#go}
if older "${version%%[- ]*}" "$go_needed"; then
  tell "this machine's Go is $version; fetching $go_fetched"
  empty=$(mktemp -d)
  trap 'rm -rf "$empty"' EXIT
  printf 'module empty\n' >"$empty/go.mod"
  machine=$("$go" env GOOS)-$("$go" env GOARCH)
  folder=$(cd "$empty" && GOFLAGS='' "$go" mod download -json "golang.org/toolchain@v0.0.1-go$go_fetched.$machine" |
           sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
  [[ -n $folder ]] || { tell "Go $go_needed is needed, and $go_fetched cannot be fetched"; exit 77; }
  cp -r "$folder" "$cache/go.partial"   # modules are kept without the right to be run
  chmod -R u+w "$cache/go.partial"
  chmod +x "$cache"/go.partial/bin/* "$cache"/go.partial/pkg/tool/*/*
  rm -rf "$cache/go"; mv "$cache/go.partial" "$cache/go"
  go=$cache/go/bin/go
  export GOROOT=$cache/go
fi

progress() {  # counts the packages that go names as it compiles them
  local total=$1 every line n=0
  if [[ -t 2 && ${CI:-} != true ]]; then every=1; else every=$((total / 10 + 1)); fi
  while IFS= read -r line; do
    [[ $line == *' '* ]] && { printf '%s\n' "$line" >&2; continue; }   # not a package: it is what went wrong
    if (((n += 1) % every == 0)); then
      if ((every == 1)); then printf '\r\e[K    %d of about %d packages: %.60s' "$n" "$total" "$line" >&2
      else tell "$n of about $total packages"; fi
    fi
  done
  if ((every == 1)); then printf '\r\e[K' >&2; fi
}

tell "building kube-apiserver, kube-controller-manager $kubernetes and etcd into $cache (once, about five minutes)"
cd "$here/kube"
nice -n 15 "$go" mod download >&2 || { tell "the Go modules cannot be fetched"; exit 77; }
total=$("$go" list -deps . | wc -l)
version_package=k8s.io/component-base/version
if ! nice -n 15 "$go" build -v -trimpath -o "$cache/kube.partial" -ldflags "-s -w \
     -X $version_package.gitVersion=v$kubernetes -X $version_package.gitMajor=${kubernetes%%.*} \
     -X $version_package.gitMinor=$(cut -d. -f2 <<<"$kubernetes")" . 2> >(progress "$total"); then
  tell "the build failed"; exit 1
fi
mv "$cache/kube.partial" "$cache/kube"
for program in "${programs[@]}"; do ln -sf kube "$cache/$program"; done
printf '%s\n' "$sources" >"$cache/sources"
printf '%s\n' "$cache"
