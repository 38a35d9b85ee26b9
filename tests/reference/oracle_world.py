"""The world of one recorded case (README of the corpus, §1–§3); part of oracle.py."""
import copy
import math

from oracle_route import Refused, Route


class Stop(Exception):
    """The tick ends here."""


class World:
    """What the engine reads and writes: objects, workloads, hooks, metrics; and what is recorded of it."""

    def __init__(self, case):
        self.canary = copy.deepcopy(case["canary"])
        self.canary["status"] = {
            "phase": "Initializing", "weight": 0, "iterations": 0, "failed": 0, "applied": "", "promoted": "",
            "tracked": None, "cookie": "", "previousCookie": "", "primaryCookie": "", "cond": "Unknown/Initializing",
            "old": False}
        self.version = 0
        self.finalizer = self.spec.get("revertOnDeletion", False)
        self.gone = False
        self.daemon = case["kind"] == "DaemonSet"
        self.first_replicas = case["replicas"]
        self.target = {"rev": "A", "replicas": case["replicas"], "zero": False, "pods": None}
        self.primary = None
        self.states = {"canary": ("ready", 0), "primary": ("ready", 0)}
        self.configs = case.get("configs", False)
        self.config = self.secret = "1" if self.configs else None
        self.copies = [None, None]
        self.hpa_min = case["hpa"]["spec"].get("minReplicas", 1) if case.get("hpa") else None
        self.templates = {t["metadata"]["name"] for t in case.get("templates", [])}
        self.hooks = {}
        self.metrics = {"request-success-rate": "100", "request-duration": "0.1", "vector(1)": "1"}
        self.route = Route(self.provider)
        self.refused = set()
        self.drawn = 0
        self.names = {}
        self.forget()

    @property
    def spec(self):
        return self.canary["spec"]

    @property
    def analysis(self):
        return self.spec["analysis"]

    @property
    def provider(self):
        return self.spec["provider"]

    def forget(self):
        self.events, self.alerts, self.calls, self.queries = [], [], [], []

    # ── the driver ──

    def do(self, o):
        """An operation of the script; true for a deletion."""
        op = o["op"]
        if op == "target":
            if self.target is None:
                self.target = {"replicas": self.first_replicas, "zero": False, "pods": None}
            self.target["rev"] = o["rev"]
            self.target["replicas"] = o.get("replicas", self.target["replicas"])
        elif op == "replicas" and self.target:
            self.target["replicas"] = o["replicas"]
        elif op == "primaryReplicas" and self.primary:
            self.primary["replicas"] = o["replicas"]
        elif op in ("config", "secret"):
            setattr(self, op, o["rev"])
        elif op == "deleteConfig":
            self.config = None
        elif op in ("canaryState", "primaryState"):
            self.states[op[:-5]] = (o["state"], o.get("n", 0))
        elif op == "hook":
            self.hooks[o["name"]] = o["answer"]
        elif op == "metric":
            self.metrics[o["name"]] = o["answer"]
        elif op == "patch" and not self.gone:
            self.merge(self.canary, o["patch"])
            self.version += 1
        elif op == "routes" and self.route.rules:
            for rule in self.route.rules:
                rule["p"] = o["routes"][0]
                if rule["c"] is not None:
                    rule["c"] = o["routes"][1]
        elif op == "drift" and self.route.rules:
            self.route.drifted = True
        elif op == "deleteRoute":
            self.route = Route(self.provider)
        elif op == "deletePrimary":
            self.primary = None
        elif op == "deleteTarget":
            self.target = None
        elif op == "age" and not self.gone:
            self.canary["status"]["old"] = True
            self.version += 1
        elif op == "fail":
            self.refused.add(o["name"])
        return op == "delete"

    def merge(self, into, patch):
        for key, value in patch.items():
            if value is None:
                into.pop(key, None)
            elif isinstance(value, dict) and isinstance(into.get(key), dict):
                self.merge(into[key], value)
            else:
                into[key] = copy.deepcopy(value)

    def pods(self, workload):
        return (0 if workload["zero"] else 3) if self.daemon else workload["replicas"]

    def show(self, workload, state):
        if workload:
            workload["pods"], workload["state"] = self.pods(workload), state

    def step(self, operations):
        self.forget()
        deleted = False
        for operation in operations:
            deleted = self.do(operation) or deleted
        self.show(self.target, self.states["canary"])
        self.show(self.primary, self.states["primary"])
        try:
            if self.gone:
                pass
            elif not deleted:
                self.tick()
            elif self.finalizer:
                self.delete()
            else:
                self.gone = True
        except (Stop, Refused):
            pass
        self.refused.clear()

    def want(self):
        status = self.canary["status"]
        got = {"target": self.replicas(self.target), "primary": self.replicas(self.primary)}
        if self.primary:
            got["primaryRev"] = self.primary["rev"]
        if any(self.copies):
            got["primaryConfig"] = ",".join(copied or "" for copied in self.copies)
        got.update(events=[event[0] for event in self.events], alerts=self.alerts, calls=self.calls, queries=self.queries)
        if self.gone:
            got["gone"] = True
            return got
        got.update(phase=status["phase"], weight=status["weight"], iter=status["iterations"], failed=status["failed"],
                   applied=status["applied"], promoted=status["promoted"], cond=status["cond"])
        try:
            p, c, mirrored = self.route.get(self.canary)
            got["routes"] = None if self.provider == "kubernetes" else [p, c, int(mirrored)]
        except Refused:
            got["routes"] = None
        if self.analysis.get("sessionAffinity"):
            got["cookies"] = [self.name(status[key]) for key in ("cookie", "previousCookie", "primaryCookie")]
        return got

    def name(self, cookie):
        if not cookie:
            return ""
        self.names.setdefault(cookie, f"v{len(self.names) + 1}")
        return cookie.partition("=")[0] + "=" + self.names[cookie]

    def replicas(self, workload):
        if workload is None:
            return None
        return (0 if workload["zero"] else 1) if self.daemon else workload["replicas"]

    # ── what the engine says ──

    WARNINGS = {"EV-ERROR", "EV-PROVIDERS-DOWN", "EV-PRIMARY-NOT-READY", "EV-GATE-ROLLOUT-CLOSED",
                "EV-CANARY-NOT-READY", "EV-ROLLBACK-HOOK-YES", "EV-ROLLBACK-MANUAL", "EV-PRE-FAIL",
                "EV-ROLLOUT-HOOK-FAIL", "EV-NO-VALUES", "EV-QUERY-ERROR", "EV-NO-QUERY", "EV-BREACH", "EV-K8S-NO-AB",
                "EV-K8S-NO-WEIGHTS", "EV-K8S-ITERATIONS", "EV-GATE-TRAFFIC-CLOSED", "EV-GATE-PROMOTION-CLOSED",
                "EV-THRESHOLD", "EV-FAILED", "EV-PROMOTION-FAILED", "EV-POST-FAIL"}

    def say(self, event, phase=None):
        phase = phase or self.phase
        self.events.append((event, phase))
        kind = "Warning" if event.partition("(")[0].partition("|")[0] in self.WARNINGS else "Normal"
        for hook in self.of_type("event"):
            self.calls.append([hook["name"], phase, event, kind])

    def alert(self, name, severity):
        self.alerts.append(f"{name}:{severity}")

    def of_type(self, kind):
        for hook in self.spec["analysis"].get("webhooks", []):
            if (hook.get("type") or "rollout") == kind:
                yield hook

    def call(self, hook, phase):
        self.calls.append([hook["name"], phase])
        default = "403" if hook.get("type") == "rollback" else "200"
        return self.hooks.get(hook["name"], default) in ("200", "201", "202")  # HOOK-02

    def must(self, work, *arguments):
        """A call whose failure ends the tick with EV-ERROR (§3)."""
        try:
            return work(*arguments)
        except Refused:
            self.say("EV-ERROR")
            raise Stop from None

    # ── status writes ──

    def write(self, memory, edit):
        """ST-50: from the copy in memory, or after a conflict from the stored object."""
        if "status" in self.refused:
            raise Refused("status")
        status = memory["status"] if memory["version"] == self.version else self.canary["status"]
        status = dict(status)
        edit(status)
        status["old"] = False
        self.canary["status"] = status
        self.version += 1

    def set_phase_fields(self, status, phase):
        status["phase"] = phase
        state = {"Initialized": "True", "Succeeded": "True", "Failed": "False"}.get(phase, "Unknown")
        status["cond"] = f"{state}/{phase}"

    def sync(self, memory, phase, **values):
        """ST-51."""
        revision = self.fingerprint()
        tracked = self.tracked()

        def edit(status):
            status.update(weight=values.get("weight", 0), iterations=values.get("iterations", 0),
                          failed=values.get("failed", 0), applied=revision, tracked=tracked)
            if phase == "Initialized":
                status["promoted"] = revision
            self.set_phase_fields(status, phase)

        self.write(memory, edit)

    def phase_write(self, memory, phase):
        """ST-52."""
        def edit(status):
            if phase not in ("Progressing", "Waiting", "Promoting"):
                status["weight"] = status["iterations"] = 0
            if phase == "WaitingPromotion":
                status["iterations"] = self.iterations - 1
            if phase in ("Initialized", "Succeeded"):
                status["promoted"] = status["applied"]
            self.set_phase_fields(status, phase)

        self.write(memory, edit)

    def field_write(self, key, value):
        """ST-53."""
        self.write(self.memory, lambda status: status.update({key: value}))

    # ── workloads ──

    def fingerprint(self):
        if self.target is None:
            raise Refused("no target")
        return self.target["rev"]

    def tracked(self):
        if not self.configs:
            return {}
        if self.config is None or self.secret is None:
            raise Refused("config missing")
        return {"config": self.config, "secret": self.secret}

    def copy_configs(self):
        if self.configs:
            tracked = self.tracked()
            self.copies = [tracked["config"], tracked["secret"]]

    def may(self, kind):
        if kind in self.refused:
            raise Refused(kind)

    def create_primary(self):
        self.copy_configs()
        self.may("primary")
        self.primary = {"rev": self.target["rev"], "replicas": self.target["replicas"] or 1,
                        "zero": self.target["zero"], "pods": None}

    def promote(self):
        if self.primary is None:
            raise Refused("no primary")
        self.copy_configs()
        self.may("primary")
        self.primary["rev"] = self.target["rev"]
        self.primary["zero"] = False
        if not self.spec.get("autoscalerRef"):
            self.primary["replicas"] = self.target["replicas"]

    def scale_to_zero(self):
        self.may("target")
        if self.daemon:
            self.target["zero"] = True
        else:
            self.target["replicas"] = 0

    def scale_up(self):
        """SCL-10, SCL-11."""
        if self.target is None:
            raise Refused("no target")
        replicas = self.target["replicas"]
        if not self.daemon and replicas == 0:
            if self.spec.get("autoscalerRef"):
                replicas = max(self.hpa_min, 1)
            elif self.primary is None:
                raise Refused("no primary")
            else:
                replicas = self.primary["replicas"] or 1
        self.may("target")
        self.target["replicas"], self.target["zero"] = replicas, False

    def readiness(self, workload, share):
        """§5: (ready, retriable)."""
        if workload is None or workload["pods"] is None:
            return False, True
        state, given = workload["state"]
        n = workload["pods"]
        if state == "unobserved":
            return False, True
        available = given if state == "available" else 0 if state in (
            "unavailable", "unavailable-expired", "deadline") else n
        updated = max(0, n - 1) if state == "rolling" else n
        if self.daemon:
            if updated >= n and available >= self.required(n, share):
                return True, True
            old = self.memory_status["old"]
            return False, not old
        retriable = state not in ("unavailable-expired", "ready-expired")
        if state == "deadline":
            return False, False
        if updated < workload["replicas"] or (n + 1 if state == "old-pods" else n) > updated:
            return False, retriable
        return (True, True) if available >= self.required(updated, share) else (False, retriable)

    @staticmethod
    def required(pods, share):
        return math.floor(pods * share / 100)  # RDY-08 matters from 75 pods on
