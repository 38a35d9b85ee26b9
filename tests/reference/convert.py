#!/usr/bin/env python3
"""Turns recorded reference cases (one JSON object a line, gzip) into PolicyTest files, one file a strategy.

    tests/reference/convert.py CASES.jsonl.gz [FOLDER]
    volary test --quiet FOLDER

A case is a Canary, the world around it, and for every tick what was done before it and what stood after it. The files
say `compare: everything`: what stood holds until a later row says otherwise, and events, alerts, calls and queries
that a row does not name did not happen. So a row shows what changed, and still claims all of it.
"""
import collections
import gzip
import json
import math
import pathlib
import re
import sys

PLAIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_./()|<>%=+*-]*( [A-Za-z0-9_./()|<>%=+*-]+)*$")
RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def scalar(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return json.dumps(value)
    if PLAIN.match(value) and value.lower() not in RESERVED and not re.fullmatch(r"[-+0-9.eE]+", value):
        return value
    if value in ("+Inf", "-Inf"):
        return value
    return json.dumps(value, ensure_ascii=False)


def number_text(text):
    """An answer as it was given, unquoted where YAML leaves it alone."""
    return Raw(text) if re.fullmatch(r"[-+0-9.eE]+|[+-]Inf|NaN", text) else text


class Raw(str):
    """Text that is written as it is."""


def flow(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return scalar(value)


def milliseconds(answer):
    """MET-14: these providers answer seconds; a PolicyTest speaks in the unit of the bound."""
    try:
        value = float(answer)
    except ValueError:
        return answer
    if value != value or value in (float("inf"), float("-inf")):
        return answer
    scaled = value * 1000
    candidates = (scaled, math.nextafter(scaled, math.inf), math.nextafter(scaled, -math.inf))
    # Divided again, it must be the very answer.
    scaled = next((candidate for candidate in candidates if candidate / 1000 == value), scaled)
    return repr(int(scaled)) if scaled == int(scaled) else repr(scaled)


class Converter:
    def __init__(self, case):
        self.case = case
        self.seconds = case["provider"] == "kubernetes" or case["provider"].startswith("gatewayapi")

    # Operations on one thing: when one of a group comes twice in a tick, their order is kept as it was.
    GROUPS = (
        ("target", "replicas", "deleteTarget"),
        ("primaryReplicas", "deletePrimary"),
        ("config", "deleteConfig"),
        ("routes", "drift", "deleteRoute"),
        ("patch",),
    )

    def says(self, operations):
        """What was done, in order: one mapping, or where something was done twice a list of them."""
        done = [o["op"] for o in operations]
        for group in self.GROUPS:
            of_group = [op for op in done if op in group]
            if len(of_group) > len(set(of_group)):
                return {"say": [self.says([o]) for o in operations]}
        row = {}

        def again(key, value):
            row.pop(key, None)
            row[key] = value

        for o in operations:
            op = o["op"]
            if op == "target":
                again("target", {"revision": o["rev"], "replicas": o["replicas"]} if "replicas" in o else o["rev"])
            elif op in ("replicas", "primaryReplicas"):
                again(op, o["replicas"])
            elif op in ("config", "secret"):
                again(op, o["rev"])
            elif op in ("canaryState", "primaryState"):
                state = o["state"]
                if state == "available":
                    state = {"available": o.get("n", 0)}
                row.setdefault("workloads", {})["canary" if op == "canaryState" else "primary"] = state
            elif op == "hook":
                answer = o["answer"]
                row.setdefault("hooks", {})[o["name"]] = Raw(answer) if answer.isdigit() else answer
            elif op == "metric":
                answer = {"empty": "no-data", "abc": "not-a-number"}.get(o["answer"], o["answer"])
                if o["name"] == "vector(1)":
                    again("metricsServer", number_text(answer))
                    continue
                if self.seconds and o["name"] == "request-duration":
                    answer = milliseconds(answer)
                row.setdefault("checks", {})[o["name"]] = number_text(answer)
            elif op == "patch":
                again("patch", o["patch"])
            elif op == "routes":
                again("routes", Raw("%d/%d" % tuple(o["routes"][:2])))
            elif op == "fail":
                row.setdefault("fail", []).append(o["name"])
            elif op == "age":
                again("age", "3h")
            elif op in ("drift", "deleteConfig", "deletePrimary", "deleteTarget", "delete"):
                again(op, True)
            elif op == "deleteRoute":
                again("deleteRoutes", True)
            else:
                raise ValueError("unknown operation " + op)
        return row

    def claims(self, want, held):
        """What changed in what holds, and everything that happened."""
        now = {}
        gone = want.get("gone", False)
        if not gone:
            now["phase"] = want["phase"]
            now["canaryWeight"] = want["weight"]
            now["iterations"] = want["iter"]
            now["failedChecks"] = want["failed"]
            if want["routes"] is None:
                now["routes"] = "none"
            else:
                p, c, m = want["routes"]
                now["routes"] = Raw(f"{p}/{c}")
                now["mirror"] = Raw("on" if m else "off")
            now["condition"] = want["cond"]
            now["applied"] = want["applied"]
            now["promoted"] = want["promoted"]
        now["target"] = "absent" if want["target"] is None else want["target"]
        now["primary"] = "absent" if want["primary"] is None else {"replicas": want["primary"], "revision": want["primaryRev"]}
        if "primaryConfig" in want:
            now["primaryConfig"] = Raw(json.dumps(want["primaryConfig"]))
        if "cookies" in want:
            now["cookies"] = want["cookies"]
        if gone:
            now["gone"] = True
        row = {}
        for key, value in now.items():
            if held.get(key) != value:
                row[key] = value
                held[key] = value
        for key in ("events", "alerts", "queries"):
            if want.get(key):
                row[key] = want[key]
        if want.get("calls"):
            row["calls"] = [" ".join(call) for call in want["calls"]]
        return row

    def document(self):
        case = self.case
        lines = [
            "apiVersion: volary.dev/v1alpha1",
            "kind: PolicyTest",
            f"metadata: {{name: {case['id']}}}",
            "spec:",
            "  compat: flagger",
            "  start: created",
            "  compare: everything",
        ]
        world = {"replicas": case["replicas"], "betweenTicks": "0s"}  # the recorded ticks are not tied to time
        if case.get("configs"):
            world["configs"] = True
        if case.get("hpa"):
            world["autoscaler"] = {"minReplicas": case["hpa"]["spec"].get("minReplicas", 1)}
        lines.append(f"  world: {flow(world)}")
        if case.get("templates"):
            lines.append("  templates:")
            lines += [f"    - {flow(template)}" for template in case["templates"]]
        canary = case["canary"]
        spec = dict(canary["spec"])
        analysis = dict(spec.pop("analysis"))
        lists = {key: analysis.pop(key) for key in ("metrics", "webhooks") if key in analysis}
        lines += [
            "  policy:",
            f"    apiVersion: {canary['apiVersion']}",
            "    kind: Canary",
            f"    metadata: {flow(canary['metadata'])}",
            "    spec:",
        ]
        lines += [f"      {key}: {flow(value)}" for key, value in sorted(spec.items())]
        lines.append("      analysis:")
        lines += [f"        {key}: {flow(value)}" for key, value in sorted(analysis.items())]
        for key, entries in lists.items():
            lines.append(f"        {key}:")
            lines += [f"          - {flow(entry)}" for entry in entries]
        lines.append("  ticks:")
        held = {}
        rows = []
        for tick in case["ticks"]:
            row = self.says(tick.get("do", []))
            claims = self.claims(tick["want"], held)
            if claims:
                row["expect"] = claims
            says = [key for key in row if key != "expect"]
            if rows and not says and rows[-1][0] == row:
                rows[-1][1] += 1
            else:
                rows.append([row, 1])
        for row, times in rows:
            if times > 1:
                row = {"repeat": times, **row}
            lines.append(f"    - {flow(row)}")
        return "\n".join(lines)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent
    files = collections.defaultdict(list)
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as source:
        for line in source:
            case = json.loads(line)
            files[case["strategy"]].append(Converter(case).document())
    for strategy, documents in sorted(files.items()):
        head = f"# Recorded from the reference controller (v1.44.0), strategy label {strategy}; written by convert.py.\n"
        (folder / f"{strategy}.yaml").write_text(head + "---\n" + "\n---\n".join(documents) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
