#!/usr/bin/env python3
"""A second reading of the specification, in Python, that shares nothing with the engine.

    tests/reference/oracle.py CASES.jsonl[.gz]          holds itself to recorded cases
    tests/reference/oracle.py CASES.jsonl --record OUT  writes the cases with `want` as this reading has it

It runs the cases of the reference corpus (their form: a Canary, a world, a script of ticks): the rules of
state-machine.md in their order, with the world that the corpus describes. Where it and the engine disagree on a case
that draw.py invented, one of them has read a rule wrongly.
"""
import gzip
import json
import math
import sys

from oracle_route import Refused
from oracle_world import Stop, World


def go_float(value):
    """CTL-40: the shortest decimal form, exponents from 1e6 on."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    exponent = int(("%.17e" % value).partition("e")[2])
    if value != 0 and (exponent < -4 or exponent >= 6):
        return next(short for short in (f"%.{digits}e" % value for digits in range(18)) if float(short) == value)
    return repr(float(value))


def go_duration(nanoseconds):
    """CTL-40: 0s, 1ms, 1.515s, 1m1.5s, 1h0m0s."""
    if nanoseconds == 0:
        return "0s"
    sign, n = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)

    def decimal(value, unit):
        whole, part = divmod(value, unit)
        return str(whole) + (("." + str(part).rjust(len(str(unit)) - 1, "0").rstrip("0")) if part else "")

    if n < 1000000000:
        for unit, name in ((1000000, "ms"), (1000, "µs"), (1, "ns")):
            if n >= unit:
                return sign + decimal(n, unit) + name
    minutes, rest = divmod(n, 60 * 10**9)
    hours, minutes_left = divmod(minutes, 60)
    text = decimal(rest, 10**9) + "s"
    if minutes:
        text = f"{minutes_left}m" + text
    if hours:
        text = f"{hours}h" + text
    return sign + text


def whole_milliseconds(value):
    """MET-14, MET-16: truncated toward zero; what does not fit into 64 bits overflows as on amd64."""
    whole = -(2**63) if math.isinf(value) or not -(2**63) <= value < 2**63 else int(value)
    return (whole * 10**6 + 2**63) % 2**64 - 2**63


class Reading(World):
    """The engine, as this file reads the specification (state-machine.md §4–§14)."""

    def tick(self):
        status = self.canary["status"]
        self.memory = {"version": self.version, "status": dict(status)}
        self.memory_status = dict(status)  # as read at the start of the tick
        self.phase = status["phase"]
        self.skip = self.spec.get("skipAnalysis", False)
        self.threshold = max(self.analysis.get("threshold", 1), 1)
        self.iterations = self.analysis.get("iterations", 0)
        initializing = self.phase == "Initializing"
        if self.spec.get("suspend"):  # SM-03
            self.say("EV-SUSPENDED")
            return
        if self.target is None:  # SM-04
            self.must(self.fingerprint)
        if initializing and not self.skip:  # SM-06
            self.test_providers()
        if self.primary is None:  # SM-08a
            self.must(self.create_primary)
        if initializing and not self.skip and not self.primary_ready():  # SM-08b
            return
        if initializing:  # SM-11
            self.must(self.scale_to_zero)
        self.must(self.route.reconcile, self.canary, lambda: self.may("route"))  # SM-12
        if initializing:  # SM-13
            self.phase = "Initialized"
            self.must(self.sync, self.memory, "Initialized")
            self.say("EV-INIT-DONE")
            self.alert("AL-INIT", "info")
            self.memory = {"version": self.version, "status": dict(self.canary["status"])}
            self.memory_status = dict(self.canary["status"])
        if not self.advances():  # SM-14
            return
        if not self.skip and not self.primary_ready():  # SM-15
            return
        self.p, self.w, self.mirrored = self.must(self.route.get, self.canary)  # SM-16
        analysing = self.phase in ("Progressing", "WaitingPromotion")
        if not analysing and self.phase not in ("Promoting", "Finalising"):  # SM-17
            return self.start()
        if analysing and self.restarts():  # SM-18
            self.say("EV-RESTART")
            self.must(self.set_routes, 100, 0)
            self.must(self.sync, self.memory, "Progressing")
            return
        ready, retriable = self.readiness(self.target, self.analysis.get("canaryReadyThreshold", 100))  # SM-19
        if not ready:
            self.say("EV-CANARY-NOT-READY")
            if not retriable:
                self.roll_back()
            return
        if self.skip:  # SM-20
            return self.promote_unchecked()
        if analysing:  # SM-21
            for hook in self.of_type("rollback"):
                if not self.call(hook, self.phase):
                    self.say("EV-ROLLBACK-HOOK-NO|" + hook["name"])
                    continue
                self.say("EV-ROLLBACK-HOOK-YES|" + hook["name"])
                self.say("EV-ROLLBACK-MANUAL")
                self.alert("AL-ROLLBACK-MANUAL", "warn")
                return self.roll_back()
        if self.phase == "Promoting":  # SM-22
            return self.shift_back()
        if self.phase == "Finalising":  # SM-23
            self.must(self.scale_to_zero)
            self.must(self.phase_write, self.memory, "Succeeded")
            self.post_rollout("Succeeded", "Succeeded")
            self.say("EV-DONE", "Succeeded")
            self.alert("AL-DONE", "info")
            return
        if self.memory_status["failed"] >= self.threshold:  # SM-24
            return self.roll_back()
        done = self.memory_status["iterations"]
        if self.w == 0 and done == 0 and not (self.analysis.get("mirror") and self.mirrored):  # SM-25
            self.say("EV-START")
            passed = self.pre_rollout()
        else:
            passed = self.analyse()
        if not passed:
            self.must(self.field_write, "failed", self.memory_status["failed"] + 1)
            return
        match = bool(self.analysis.get("match"))
        if self.provider == "kubernetes":  # SM-26
            if match:
                self.say("EV-K8S-NO-AB")
                match = False
            if self.iterations < 1:
                self.iterations = 10
                self.say("EV-K8S-NO-WEIGHTS")
                self.say("EV-K8S-ITERATIONS")
        if self.iterations < 1:  # SM-27
            self.progressive()
        elif match:
            self.ab(done)
        else:
            self.blue_green(done)

    def test_providers(self):
        """MET-50."""
        for metric in self.analysis.get("metrics", []):
            if metric["name"].startswith("request-"):
                pass
            elif not metric.get("templateRef"):
                continue
            elif metric["templateRef"]["name"] not in self.templates:
                return self.say("EV-PROVIDERS-DOWN")
            self.queries.append("vector(1)")
            if self.metrics["vector(1)"] != "1":
                return self.say("EV-PROVIDERS-DOWN")
        self.say("EV-PROVIDERS-UP")

    def primary_ready(self):
        ready, retriable = self.readiness(self.primary, self.analysis.get("primaryReadyThreshold", 100))
        if ready:
            return True
        self.say("EV-PRIMARY-NOT-READY")
        if retriable:
            return False
        if self.phase in ("Promoting", "Finalising"):
            self.fail_promotion()
        else:
            self.roll_back()
        return False

    def advances(self):
        if self.phase in ("Progressing", "Waiting", "WaitingPromotion", "Promoting", "Finalising"):
            return True
        read = self.memory_status
        if self.phase == "Failed":  # CHG-06
            self.must(lambda: self.sync(self.memory, "Failed", weight=read["weight"], iterations=read["iterations"],
                                        failed=read["failed"]))
        return self.revision_changed() or self.must(self.configs_changed)

    def revision_changed(self):
        read, now = self.memory_status, self.target["rev"]
        return not read["applied"] or now not in (read["promoted"], read["applied"])  # CHG-02

    def configs_changed(self):
        tracked = self.tracked()
        read = self.memory_status["tracked"]
        return bool(tracked) if read is None else tracked != read  # CHG-03

    def restarts(self):
        if self.revision_changed():
            return True
        try:
            return self.configs_changed()
        except Refused:
            return False  # CHG-05

    def start(self):
        fresh = {"version": self.version, "status": dict(self.canary["status"])}
        for hook in self.of_type("confirm-rollout"):  # HOOK-20
            if self.call(hook, fresh["status"]["phase"]):
                self.say("EV-GATE-ROLLOUT-OPEN|" + hook["name"])
                continue
            if fresh["status"]["phase"] != "Waiting":
                try:
                    self.phase_write(fresh, "Waiting")
                except Refused:
                    pass
                self.say("EV-GATE-ROLLOUT-CLOSED|" + hook["name"])
                if not hook.get("muteAlert"):
                    self.alert("AL-WAIT", "warn")
            return
        self.say("EV-NEW-REVISION", "Progressing")
        self.alert("AL-NEW-REVISION", "info")
        self.must(self.scale_up)
        self.sync(fresh, "Progressing")  # a failure is only logged

    def set_routes(self, p, c, mirror=False):
        """SA-13, then the provider's own write."""
        status = dict(self.memory["status"])
        affinity = self.analysis.get("sessionAffinity")
        if affinity and self.route.http:
            if c > 0:
                for key, name in (("cookie", affinity["cookieName"]),
                                  ("primaryCookie", affinity.get("primaryCookieName", ""))):
                    if not status[key]:
                        self.drawn += 1
                        status[key] = f"{name}=r{self.drawn}r"
            elif status["cookie"]:
                status["previousCookie"], status["cookie"] = status["cookie"], ""
        self.route.set({"spec": self.spec, "status": status}, p, c, mirror, lambda: self.may("route"))
        self.memory["status"] = status

    def pre_rollout(self):
        for hook in self.of_type("pre-rollout"):
            if not self.call(hook, "Progressing"):
                self.say("EV-PRE-FAIL|" + hook["name"])
                return False
            self.say("EV-PRE-PASS|" + hook["name"])
        return True

    def analyse(self):
        for hook in self.of_type("rollout"):  # SM-60
            if not self.call(hook, "Progressing"):
                self.say("EV-ROLLOUT-HOOK-FAIL|" + hook["name"])
                return False
        metrics = self.analysis.get("metrics", [])
        for metric in metrics:  # SM-61, SM-62
            builtin = metric["name"].startswith("request-")
            if builtin and not self.measure(metric, metric["name"]):
                return False
            if metric.get("query") and not self.measure(metric, "custom"):
                return False
        for metric in metrics:
            if metric.get("templateRef"):
                name = metric["templateRef"]["name"]
                if name not in self.templates:
                    self.say(f"EV-QUERY-ERROR|{name}.test")
                    return False
                if not self.measure(metric, "custom"):
                    return False
            elif not metric["name"].startswith("request-") and not metric.get("query"):
                self.say("EV-NO-QUERY")  # ANA-47
                return False
        return True

    def measure(self, metric, kind):
        self.queries.append(metric["name"])
        answer = self.metrics.get(metric["name"], "0")
        if answer in ("empty", "NaN"):
            self.say("EV-NO-VALUES|" + metric["name"])
            return False
        try:
            value = float(answer)
        except ValueError:
            self.say("EV-QUERY-ERROR" + ("|" + metric["name"] if kind == "custom" else ""))
            return False
        bounds = metric.get("thresholdRange")
        if bounds is None:  # MET-21
            t = metric.get("threshold", 0)
            bounds = {"min": t} if kind == "request-success-rate" else {"max": t}
        if kind == "request-duration":
            if self.provider == "kubernetes" or self.provider.startswith("gatewayapi"):
                value *= 1000
            value = whole_milliseconds(value)
            bounds = {key: whole_milliseconds(bound) for key, bound in bounds.items()}
            texts = go_duration, go_duration
        else:
            unit = "%" if kind == "request-success-rate" else ""
            texts = (lambda v: (go_float(v) if math.isinf(v) else "%.2f" % v) + unit), (lambda v: go_float(v) + unit)
        for key, sign, beyond in (("min", "<", lambda v, b: v < b), ("max", ">", lambda v, b: v > b)):
            if key in bounds and beyond(value, bounds[key]):
                self.say(f"EV-BREACH|{metric['name']}|{texts[0](value)} {sign} {texts[1](bounds[key])}")
                return False
        return True

    def next_step(self):
        """ANA-23."""
        step, steps, w = self.analysis.get("stepWeight", 0), self.analysis.get("stepWeights", []), self.w
        if step > 0 or not steps:
            return step
        room = 100 - w
        if room == 0:
            return 1
        if w == 0:
            return min(room, steps[0])
        for at, following in zip(steps, steps[1:]):
            if at == w:
                return min(room, following - w)
        return room

    def progressive(self):
        step = self.next_step()
        if step <= 0:  # SM-70
            return
        if not self.mirrored and self.phase != "WaitingPromotion":  # SM-71
            for hook in self.of_type("confirm-traffic-increase"):
                if not self.call(hook, "Progressing"):
                    self.say("EV-GATE-TRAFFIC-CLOSED|" + hook["name"])
                    if not hook.get("muteAlert"):
                        self.alert("AL-WAIT-TRAFFIC", "warn")
                    return
                self.say("EV-GATE-TRAFFIC-OPEN|" + hook["name"])
        steps = self.analysis.get("stepWeights")
        top = min(100, steps[-1]) if steps else self.analysis.get("maxWeight", 0)
        if not steps and top <= 0:
            top = 100
        if self.w < top:  # SM-72
            p, w, mirror = max(0, self.p - step), min(100, self.w + step), self.mirrored
            if self.analysis.get("mirror") and self.w == 0:
                p, w, mirror = (100 - step, step, False) if self.mirrored else (100, 0, True)
            self.must(self.set_routes, p, w, mirror)
            self.must(self.field_write, "weight", w)
            self.say(f"EV-WEIGHT({w})")
        elif self.promotion_gate():  # SM-74
            self.copy_over()

    def ab(self, done):
        total = self.iterations
        if total > done:  # SM-76
            self.must(self.set_routes, 0, 100)
            self.must(self.field_write, "iterations", done + 1)
            self.say(f"EV-ITERATION({done + 1}/{total})")
        elif self.promotion_gate() and total == done:  # SM-77
            self.copy_over()

    def blue_green(self, done):
        total, moves = self.iterations, self.provider != "kubernetes"
        mirror = self.analysis.get("mirror", False)
        if total > done:  # SM-79a
            if mirror and moves and not self.mirrored:
                try:
                    self.set_routes(100, 0, True)
                except Refused:
                    self.say("EV-ERROR")
            self.must(self.field_write, "iterations", done + 1)
            self.say(f"EV-ITERATION({done + 1}/{total})")
        elif not self.promotion_gate():  # SM-79b
            return
        elif total == done:  # SM-79c
            if moves:
                self.say("EV-ROUTE-CANARY-FROM-MIRROR" if mirror else "EV-ROUTE-CANARY")
                self.must(self.set_routes, 0, 100)
            self.must(self.field_write, "iterations", total + 1)
        else:  # SM-79d
            self.copy_over()

    def promotion_gate(self):
        """SM-80."""
        for hook in self.of_type("confirm-promotion"):
            if self.call(hook, "Progressing"):
                self.say("EV-GATE-PROMOTION-OPEN|" + hook["name"])
                continue
            try:
                if self.phase == "WaitingPromotion":
                    self.field_write("iterations", self.iterations - 1)
                else:
                    self.phase_write(self.memory, "WaitingPromotion")
            except Refused:
                pass
            if self.phase != "WaitingPromotion":
                self.say("EV-GATE-PROMOTION-CLOSED|" + hook["name"])
                if not hook.get("muteAlert"):
                    self.alert("AL-WAIT-PROMOTION", "warn")
            return False
        return True

    def copy_over(self):
        self.say("EV-COPY")
        self.must(self.promote)
        self.must(self.phase_write, self.memory, "Promoting")

    def shift_back(self):
        """§8."""
        k = self.analysis.get("stepWeightPromotion", 0)
        if self.provider == "kubernetes":
            pass
        elif k == 0:
            self.say("EV-ROUTE-PRIMARY")
            self.must(self.set_routes, 100, 0)
        elif self.w == 0:
            return
        else:
            p, w = min(100, self.p + k), max(0, self.w - k)
            self.must(self.set_routes, p, w)
            self.say(f"EV-PRIMARY-WEIGHT({p})")
            if p < 100:
                self.must(self.field_write, "weight", w)
                return
        self.must(self.phase_write, self.memory, "Finalising")

    def post_rollout(self, sent, told):
        for hook in self.of_type("post-rollout"):
            if not self.call(hook, sent):
                self.say("EV-POST-FAIL|" + hook["name"], told)
                return
            self.say("EV-POST-PASS|" + hook["name"], told)

    def promote_unchecked(self):
        """SM-102."""
        self.must(self.set_routes, 100, 0)
        self.say("EV-COPY")
        self.must(self.promote)
        self.must(self.scale_to_zero)
        self.must(self.phase_write, self.memory, "Succeeded")
        self.post_rollout("Succeeded", "Succeeded")
        self.say("EV-DONE-SKIPPED", "Succeeded")
        self.alert("AL-DONE-SKIPPED", "info")

    def roll_back(self):
        """§11."""
        failed = self.memory_status["failed"]
        if failed >= self.threshold:
            self.say(f"EV-THRESHOLD({failed})")
            self.alert("AL-THRESHOLD", "error")
        self.must(self.set_routes, 100, 0)
        self.say("EV-FAILED", "Failed")
        self.must(self.scale_to_zero)
        self.sync(self.memory, "Failed")  # a failure is only logged
        self.post_rollout("Failed", self.phase)

    def fail_promotion(self):
        """SM-95."""
        self.say("EV-PROMOTION-FAILED")
        self.alert("AL-PROMOTION-FAILED", "error")
        self.must(self.set_routes, 0, 100)
        self.sync(self.memory, "Failed", weight=100)
        self.post_rollout("Failed", self.phase)

    def delete(self):
        """FIN-10; what fails is tried again at the next re-delivery, which no script has."""
        self.phase = self.canary["status"]["phase"]
        self.iterations = self.analysis.get("iterations", 0)
        if self.phase != "Terminating":
            self.phase_write({"version": self.version, "status": self.canary["status"]}, "Terminating")
            self.say("EV-TERMINATING")
        if self.daemon or self.primary is None:
            self.scale_up()
        else:
            if self.target is None:
                raise Refused("no target")
            self.may("target")
            self.target["replicas"] = self.primary["replicas"]
        self.route.finalize(lambda: self.may("route"))
        self.gone = True
        self.say("EV-TERMINATED")


EMPTY = {"events": [], "alerts": [], "calls": [], "queries": []}
MEANINGLESS = ("phase", "weight", "iter", "failed", "routes", "applied", "promoted", "cond", "cookies")


def run(case):
    """The `want` of every tick, as this reading has it."""
    world = Reading(case)
    for tick in case["ticks"]:
        world.step(tick.get("do", []))
        yield world.want()


def difference(case):
    """(tick, field, recorded, here) of the first tick that is not as recorded."""
    for number, (tick, got) in enumerate(zip(case["ticks"], run(case))):
        want = {**EMPTY, **tick["want"]}
        for key in sorted(set(want) | set(got)):
            if want.get("gone") and key in MEANINGLESS:
                continue
            if want.get(key) != got.get(key):
                return number, key, want.get(key), got.get(key)
    return None


def read(path):
    with (gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")) as lines:
        for line in lines:
            yield json.loads(line)


def main():
    if len(sys.argv) == 4 and sys.argv[2] == "--record":
        with open(sys.argv[3], "w", encoding="utf-8") as out:
            for case in read(sys.argv[1]):
                for tick, want in zip(case["ticks"], run(case)):
                    tick["want"] = want
                out.write(json.dumps(case) + "\n")
        return 0
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = differing = 0
    for case in read(sys.argv[1]):
        cases += 1
        found = difference(case)
        if found:
            differing += 1
            print(f"{case['id']} {case['strategy']} {case['provider']} {case['kind']}: tick {found[0]}, {found[1]}: "
                  f"recorded {found[2]}, here {found[3]}")
    print(f"{cases} cases, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
