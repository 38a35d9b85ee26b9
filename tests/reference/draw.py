#!/usr/bin/env python3
"""Invents cases in the form of the reference corpus: every operation in every phase, in combinations nobody recorded.

    tests/reference/draw.py SEED COUNT > CASES.jsonl

`want` is empty; oracle.py fills it in. Some cases are calm and reach a promotion, others are storms.
"""
import json
import random
import sys

PROVIDERS = ["istio"] * 10 + ["gatewayapi:v1"] * 3 + ["contour", "kuma", "linkerd", "traefik", "smi:v1alpha2"]
HOOKS = ["confirm-rollout", "pre-rollout", "rollout", "", "confirm-traffic-increase", "confirm-promotion",
         "post-rollout", "rollback", "event"]
GOOD, BAD = ["200", "201", "202"], ["203", "204", "301", "400", "403", "404", "429", "500", "501", "503", "drop", "timeout"]
CUSTOM = ["0", "1", "-3", "3.5", "4.999", "5", "5.001", "10", "10.01", "999999", "1000000", "2e6", "1e9", "123456.789",
          "+Inf", "-Inf", "NaN", "abc", "empty", "http500", "http404", "garbage", "drop"]
RATE = ["100", "99.999", "99.5", "99", "98.999", "98.99", "98.5", "98.4", "97", "95.5", "95.49", "99.9", "99.91", "50", "0",
        "-1", "+Inf", "-Inf", "NaN", "abc", "empty", "http500", "http404", "garbage", "drop"]
DURATION = ["0", "0.9", "1", "9.9", "10", "10.5", "250", "250.7", "251", "499.5", "500", "500.9", "501", "1515", "61500",
            "-5", "+Inf", "-Inf", "NaN", "abc", "empty", "http500", "http404", "garbage", "drop", "0.25", "0.4995", "0.5009"]
STATES = ["ready"] * 4 + ["unobserved", "rolling", "old-pods", "available", "unavailable", "unavailable-expired",
                          "ready-expired", "deadline"]
DAEMON_STATES = ["ready"] * 3 + ["unobserved", "rolling", "available", "unavailable"]
CALM = {"request-success-rate": "100", "request-duration": "20"}


class Drawer:
    def __init__(self, seed, number):
        self.random = random.Random(f"{seed}/{number}")
        self.number = number

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def metric(self, at, templates):
        kind = self.pick(["rate", "duration", "inline", "template", "template", "bare"])
        metric = {"name": self.pick(["errors", "lag"]) + str(at)}
        if kind in ("rate", "duration"):
            metric["name"] = "request-success-rate" if kind == "rate" else "request-duration"
        elif kind == "inline":
            metric["query"] = f'oracle_inline{{name="{metric["name"]}"}}'
        elif kind == "template" or self.chance(0.8):
            metric["templateRef"] = {"name": "t-" + metric["name"]}
            if self.chance(0.95):
                templates.append(metric["name"])
        if self.chance(0.5):
            metric["interval"] = self.pick(["30s", "1m", "2m"])
        if kind == "rate":
            shape = self.pick([{"thresholdRange": {"min": 99}}, {"thresholdRange": {"min": 95.5, "max": 99.9}},
                               {"threshold": 98.5}, {}])
        elif kind == "duration":
            shape = self.pick([{"thresholdRange": {"max": 500}}, {"thresholdRange": {"min": 10, "max": 499.99}},
                               {"threshold": 250}, {}])
        else:
            shape = self.pick([{"thresholdRange": {"max": 5}}, {"thresholdRange": {"min": 1, "max": 10}},
                               {"thresholdRange": {"min": 1000000}}, {"threshold": 5}, {}])
        return {**metric, **shape}

    def analysis(self, strategy):
        analysis = {"interval": "10s", "threshold": self.random.randint(1, 5)}
        steps = sorted(self.random.sample(range(1, 100), self.random.randint(1, 5)))
        if self.chance(0.5):
            steps.append(100)
        if self.chance(0.15):
            self.random.shuffle(steps)
        if self.chance(0.05):
            steps[self.random.randrange(len(steps))] = self.pick([0, -10, 150])
        uneven = {"stepWeights": steps}
        even = {"stepWeight": self.pick([0, 5, 10, 20, 34, 50, 100, -5] if self.chance(0.1) else [10, 20, 34, 50, 100])}
        if self.chance(0.8):
            even["maxWeight"] = self.pick([10, 20, 50, 60, 80, 100, 150])
        iterations = {"iterations": self.random.randint(1, 5)}
        match = {"match": [{"headers": {"x-canary": {"exact": "insider"}}}]}
        analysis |= {
            "progressive": even, "step-weights": uneven, "ab": iterations | match, "blue-green": iterations,
            "blue-green-mirror": iterations | {"mirror": True},
            "progressive-mirror": self.pick([even, uneven]) | {"mirror": True},
            "kubernetes": self.pick([iterations, iterations, even, uneven]) | ({"mirror": True} if self.chance(0.2) else {}),
            "session-affinity": self.pick([even, uneven]),
        }[strategy]
        if strategy == "session-affinity":
            analysis["sessionAffinity"] = {"cookieName": "ck"} | ({"primaryCookieName": "pk"} if self.chance(0.7) else {})
        if strategy in ("progressive", "step-weights", "kubernetes", "progressive-mirror") and self.chance(0.1):
            analysis |= match
        if "mirror" in analysis and self.chance(0.4):
            analysis["mirrorWeight"] = self.pick([10, 50, 100])
        if self.chance(0.35):
            analysis["stepWeightPromotion"] = self.pick([10, 20, 30, 50, 100])
        for threshold in ("primaryReadyThreshold", "canaryReadyThreshold"):
            if self.chance(0.1):
                analysis[threshold] = self.pick([0, 50, 75])
        return analysis

    def case(self):
        strategy = self.pick(["progressive", "progressive", "step-weights", "ab", "blue-green", "blue-green-mirror",
                              "progressive-mirror", "kubernetes", "session-affinity"])
        provider = {"kubernetes": "kubernetes", "session-affinity": self.pick(["istio", "istio", "gatewayapi:v1"])}.get(
            strategy, self.pick(PROVIDERS))
        kind = "DaemonSet" if self.chance(0.15) else "Deployment"
        templates = []
        analysis = self.analysis(strategy)
        metrics = [self.metric(at, templates) for at in range(self.pick([0, 1, 1, 2, 2, 3, 4]))]
        metrics = list({metric["name"]: metric for metric in metrics}.values())
        if metrics:
            analysis["metrics"] = metrics
        hooks = []
        for at in range(self.pick([0, 0, 1, 2, 4, 6])):
            hook_type = self.pick(HOOKS)
            hook = {"name": f"{hook_type or 'untyped'}-{at}", "url": f"http://HOOKS/{hook_type or 'untyped'}-{at}", "timeout": "1s"}
            if hook_type:
                hook["type"] = hook_type
            if self.chance(0.25):
                hook["muteAlert"] = True
            hooks.append(hook)
        if hooks:
            analysis["webhooks"] = hooks
        spec = {"provider": provider, "metricsServer": "http://PROM", "service": {"port": 80, "targetPort": 8080},
                "targetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "web"}, "analysis": analysis}
        if provider == "gatewayapi:v1":
            spec["service"]["gatewayRefs"] = [{"name": "gw"}]
        if self.chance(0.3):
            spec["progressDeadlineSeconds"] = self.pick([60, 120, 600])
        if self.chance(0.1):
            spec["skipAnalysis"] = True
        if self.chance(0.15):
            spec["revertOnDeletion"] = True
        case = {"id": f"d{self.number:05}", "strategy": strategy, "provider": provider, "kind": kind,
                "replicas": self.random.randint(1, 4)}
        if kind == "Deployment" and self.chance(0.15):
            spec["autoscalerRef"] = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web-hpa"}
            case["hpa"] = {"spec": {"minReplicas": self.random.randint(1, 4), "maxReplicas": 8}}
        if self.chance(0.4):
            case["configs"] = True
        case["canary"] = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary",
                          "metadata": {"name": "web", "namespace": "test"}, "spec": spec}
        case["templates"] = [{"apiVersion": "flagger.app/v1beta1", "kind": "MetricTemplate",
                              "metadata": {"name": "t-" + name, "namespace": "test"},
                              "spec": {"provider": {"type": "prometheus", "address": "http://PROM"},
                                       "query": f'oracle_template{{name="{name}"}}'}} for name in templates]
        storm = self.pick([0.05, 0.2, 0.5])
        self.revision = 0
        first = [{"op": "metric", "name": metric["name"], "answer": CALM.get(metric["name"], "1")} for metric in metrics]
        case["ticks"] = [{"do": first, "want": {}}]
        for at in range(1, self.random.randint(10, 40)):
            done = []
            if at in (2, 3) or self.chance(0.08):
                done.append(self.release(case))
            while self.chance(storm):
                operation = self.operation(case, metrics, hooks)
                if operation:
                    done.append(operation)
            if storm < 0.5 and self.chance(0.3):  # what was broken is mended
                done += self.mending(metrics, hooks)
            case["ticks"].append({"do": done, "want": {}})
        return case

    def release(self, case):
        if not self.chance(0.2):
            self.revision += 1
        operation = {"op": "target", "rev": "A" if self.chance(0.1) else chr(ord("A") + min(self.revision, 25))}
        if case["kind"] == "Deployment" and self.chance(0.3):
            operation["replicas"] = self.random.randint(1, 4)
        return operation

    def mending(self, metrics, hooks):
        done = [{"op": "canaryState", "state": "ready"}, {"op": "primaryState", "state": "ready"}]
        done += [{"op": "metric", "name": metric["name"], "answer": CALM.get(metric["name"], "1")} for metric in metrics]
        done += [{"op": "hook", "name": hook["name"], "answer": "403" if hook.get("type") == "rollback" else "200"} for hook in hooks]
        return self.random.sample(done, self.random.randint(1, len(done)))

    def operation(self, case, metrics, hooks):
        istio, deployment = case["provider"] == "istio", case["kind"] == "Deployment"
        kind = self.random.choices(
            ["target", "state", "hook", "metric", "patch", "replicas", "primaryReplicas", "config", "secret",
             "deleteConfig", "routes", "drift", "deleteRoute", "deletePrimary", "deleteTarget", "age", "fail", "delete"],
            [10, 25, 15, 15, 15, 3, 2, 4, 2, 1, 4, 3, 1, 2, 1.5, 2, 8, 0.7])[0]
        if kind == "target":
            return self.release(case)
        if kind == "state":
            state = self.pick(STATES if deployment else DAEMON_STATES)
            operation = {"op": self.pick(["canaryState", "primaryState"]), "state": state}
            return operation | ({"n": self.random.randint(0, 3)} if state == "available" else {})
        if kind == "hook" and hooks:
            hook = self.pick(hooks)
            answers = ["200", "202", "403", "403"] if hook.get("type") == "rollback" else [self.pick(GOOD), self.pick(BAD)]
            return {"op": "hook", "name": hook["name"], "answer": self.pick(answers)}
        if kind == "metric":
            if self.chance(0.1):
                return {"op": "metric", "name": "vector(1)", "answer": self.pick(["1", "1", "0", "empty", "http500", "drop"])}
            if metrics:
                name = self.pick(metrics)["name"]
                answers = {"request-success-rate": RATE, "request-duration": DURATION}.get(name, CUSTOM)
                return {"op": "metric", "name": name, "answer": self.pick(answers)}
        if kind == "patch":
            analysis = case["canary"]["spec"]["analysis"]
            if self.chance(0.6):
                field = self.pick(["suspend", "skipAnalysis"])
                return {"op": "patch", "patch": {"spec": {field: self.chance(0.4)}}}
            edits = [{"threshold": self.random.randint(1, 5)}]
            if "iterations" in analysis:
                edits.append({"iterations": self.random.randint(1, 6)})
            elif "stepWeights" in analysis:
                edits.append({"stepWeights": [10, 30, 60]})
            else:
                edits.append({"stepWeight": self.pick([10, 20, 40]), "maxWeight": self.pick([20, 40, 80])})
            return {"op": "patch", "patch": {"spec": {"analysis": self.pick(edits)}}}
        if kind == "replicas" and deployment:
            return {"op": "replicas", "replicas": self.random.randint(0, 4)}
        if kind == "primaryReplicas" and deployment:
            return {"op": "primaryReplicas", "replicas": self.random.randint(0, 3)}
        if kind in ("config", "secret") and case.get("configs"):
            return {"op": kind, "rev": str(self.random.randint(1, 4))}
        if kind == "deleteConfig" and case.get("configs"):
            return {"op": kind}
        if kind == "routes" and istio:
            split = self.pick([[0, 100], [100, 0], [30, 70], [70, 30], [60, 40], [90, 10], [50, 20], [80, 80]])
            return {"op": "routes", "routes": split}
        if kind in ("drift", "deleteRoute") and istio:
            return {"op": kind}
        if kind in ("deletePrimary", "deleteTarget", "delete"):
            return {"op": kind}
        if kind == "age":
            return {"op": "age"}
        if kind == "fail":
            return {"op": "fail", "name": self.pick(["status", "route", "target", "primary"])}
        return None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for number in range(int(sys.argv[2])):
        print(json.dumps(Drawer(sys.argv[1], number).case()))


if __name__ == "__main__":
    main()
