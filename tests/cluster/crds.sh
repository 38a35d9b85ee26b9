#!/usr/bin/env bash
# crds.sh [--find]: prints the folder that holds the definitions of the routing providers' kinds, NAME.yaml each.
#
# They are taken, unchanged, from the public Go modules of their projects into the cache that assets.sh uses (once).
# Those whose modules cannot be had are named on the error stream and left out: whoever needs one looks for its file.
#
# Exit codes: 0 the folder was printed · 77 there is none and no Go to fetch the modules with.
set -euo pipefail
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/volary/crds

# name | module@version | file                  (versions: the newest that the proxy and the checksum database agree on)
sources='
istio            | istio.io/api@v1.30.3                                       | kubernetes/customresourcedefinitions.gen.yaml
gatewayapi       | sigs.k8s.io/gateway-api@v1.4.0                             | config/crd/experimental/gateway.networking.k8s.io_httproutes.yaml
contour          | github.com/projectcontour/contour@v1.33.6                  | examples/contour/01-crds.yaml
gloo-routetable  | github.com/solo-io/gloo@v1.21.13                           | install/helm/gloo/crds/gateway.solo.io_v1_RouteTable.yaml
gloo-upstream    | github.com/solo-io/gloo@v1.21.13                           | install/helm/gloo/crds/gloo.solo.io_v1_Upstream.yaml
traefik          | github.com/traefik/traefik/v3@v3.6.12                      | docs/content/reference/dynamic-configuration/traefik.io_traefikservices.yaml
apisix           | github.com/apache/apisix-ingress-controller@v1.8.4         | samples/deploy/crd/v1/ApisixRoute.yaml
kuma             | github.com/kumahq/kuma/v2@v2.13.10                         | deployments/charts/kuma/crds/kuma.io_trafficroutes.yaml
knative-service  | knative.dev/serving@v0.49.1                                | config/core/300-resources/service.yaml
knative-revision | knative.dev/serving@v0.49.1                                | config/core/300-resources/revision.yaml
appmesh-v1beta2  | github.com/aws/aws-app-mesh-controller-for-k8s@v1.13.1     | config/helm/appmesh-controller/crds/crds.yaml
appmesh-v1beta1  | github.com/aws/aws-app-mesh-controller-for-k8s@v0.5.0      | deploy/all.yaml
linkerd          | github.com/linkerd/linkerd-smi@v0.2.7                      | charts/linkerd-smi/templates/trafficsplit-crd.yaml
smi-v1alpha3     | github.com/servicemeshinterface/smi-sdk-go@v0.4.1          | crds/split.yaml
osm              | github.com/openservicemesh/osm@v1.2.4                      | cmd/osm-bootstrap/crds/smi_traffic_split.yaml
keda             | github.com/kedacore/keda/v2@v2.16.1                        | config/crd/bases/keda.sh_scaledobjects.yaml
'
tell() { printf 'provider definitions: %s\n' "$*" >&2; }

stamp=$(sha256sum <<<"$sources" | cut -c1-16)
fetched() { [[ $(cat "$cache/sources" 2>/dev/null) == "$stamp" ]]; }
if fetched; then printf '%s\n' "$cache"; exit 0; fi
if [[ ${1:-} == --find ]]; then tell "none in $cache: tests/cluster/crds.sh fetches them"; exit 77; fi
command -v go >/dev/null || { tell "no Go here to fetch the modules with"; exit 77; }

mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock"
if fetched; then printf '%s\n' "$cache"; exit 0; fi
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
printf 'module empty\n' >"$empty/go.mod"
declare -A refused=()     # a module that was refused is asked for once
while IFS='| ' read -r name module file; do
  [[ -n $name && -z ${refused[$module]:-} ]] || continue
  folder=$(cd "$empty" && GOFLAGS='' go mod download -json "$module" 2>/dev/null | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' || true)
  if [[ -z $folder || ! -f $folder/$file ]]; then
    refused[$module]=yes
    tell "$module cannot be had: no $name"
    continue
  fi
  install -m 0644 "$folder/$file" "$cache/$name.partial"
  mv "$cache/$name.partial" "$cache/$name.yaml"
done <<<"$sources"
printf '%s\n' "$stamp" >"$cache/sources"
printf '%s\n' "$cache"
