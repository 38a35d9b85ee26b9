#!/usr/bin/env bash
# engine_alone.sh PROGRAM: the whole engine, linked into PROGRAM, needs neither sockets, JSON, YAML nor Qt.
#
# PROGRAM holds every object file of the engine. What it loads is compared with the short list of what it may load,
# and what it asks the C library for must not open a connection.
set -euo pipefail
program=${1:?the program that holds the whole engine}
status=0

allowed='^(libfmt|libstdc\+\+|libm|libgcc_s|libc|ld-linux-x86-64|libasan|libubsan|libtsan)\.'
loaded=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[[ $loaded == *libc.so* ]] || { echo "readelf finds no library in $program"; exit 1; }
if strangers=$(grep -Ev "$allowed" <<<"$loaded"); then echo "the engine loads $strangers"; status=1; fi

symbols=$(nm --demangle "$program")
grep -q ' volary::' <<<"$symbols" || { echo "nm finds nothing of the engine in $program"; exit 1; }
sockets='^ +U (socket|connect|bind|listen|accept4?|getaddrinfo|gethostbyname|send(to|msg)?|recv(from|msg)?)(@|$)'
if grep -E "$sockets" <<<"$symbols"; then echo "the engine opens connections"; status=1; fi
if grep -Eim 5 ' (nlohmann|YAML|re2)::| Q[A-Z][A-Za-z]+::|curl_' <<<"$symbols"; then
  echo "the engine holds code of a library that it must not know"; status=1
fi
((status)) || echo "the engine loads only:" $loaded
exit $status
