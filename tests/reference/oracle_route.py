"""The routing object of one provider, as far as a release can tell; part of oracle.py."""


class Refused(Exception):
    """A call to the API failed."""


class Route:
    """The routing object of one provider, as routing/ describes it: rules with weights, mirror and cookies."""

    def __init__(self, provider):
        self.provider = provider
        self.http = provider == "istio" or provider.startswith("gatewayapi")
        self.rules = None
        self.drifted = False
        self.taken_over = None  # RT-16

    def ab(self, canary):
        return bool(canary["spec"]["analysis"].get("match")) and (self.http or self.provider == "contour")

    def plain(self, p, c, match=""):
        return {"match": match, "p": p, "c": c, "cookies": False, "mirror": False}

    def wanted(self, canary):
        """What reconcile makes (RT-COMMON-13, RT-ISTIO-10, RT-CONTOUR-09, RT-TRAEFIK-02)."""
        if self.ab(canary):
            rest = self.plain(100, 0 if self.provider == "contour" else None)
            return [self.plain(100, 0, "matched"), rest]
        return [self.plain(100, None if self.provider == "traefik" else 0)]

    def shape(self, rules, canary):
        """What drift looks at (RT-COMMON-40), without the rules of session affinity (RT-ISTIO-21/22, RT-GWAPI-31)."""
        affinity = canary["spec"]["analysis"].get("sessionAffinity") if self.http else None
        shape = []
        for rule in rules:
            if affinity and rule["match"]:
                names = (affinity["cookieName"], affinity.get("primaryCookieName", ""))
                cookie = rule["match"].startswith("cookie:")
                if cookie and any(name in rule["match"] for name in names):
                    continue
                if self.provider == "istio" and not names[1]:
                    continue
            shape.append((rule["match"], rule["c"] is not None or self.provider == "traefik"))
        return shape

    def reconcile(self, canary, write):
        if self.provider == "kubernetes":
            return
        wanted = self.wanted(canary)
        if self.rules is None:
            write()
            self.rules = wanted
            return
        differs = self.drifted or self.shape(self.rules, canary) != self.shape(wanted, canary)
        if self.provider.startswith("gatewayapi") and any(rule["mirror"] for rule in self.rules):  # RT-GWAPI-32
            tolerated = canary["spec"]["analysis"].get("mirror") and canary["status"]["phase"] in (
                "Waiting", "Progressing", "WaitingPromotion")
            differs = differs or not tolerated
        if differs:
            write()
            self.taken_over = self.rules
            self.rules = wanted
            self.drifted = False

    def get(self, canary):
        """p, c, mirrored; Refused where the provider calls it an error (RT-COMMON-42, RT-COMMON-43)."""
        if self.provider == "kubernetes":
            return (0, 100, False) if canary["status"]["iterations"] > 0 else (100, 0, False)
        if self.rules is None:
            raise Refused("no route")
        if self.http:
            listing = [rule for rule in self.rules if rule["c"] is not None]
            mirrored = bool(listing) and listing[-1]["mirror"]
            if self.provider != "istio":
                mirrored = any(rule["mirror"] for rule in self.rules)
            if canary["spec"]["analysis"].get("sessionAffinity"):
                with_cookies = [rule for rule in listing if rule["cookies"]]
                listing = with_cookies or listing
            p, c = (listing[-1]["p"], listing[-1]["c"]) if listing else (0, 0)
            if self.provider == "istio" and p == 0 and c == 0:
                raise Refused("both weights are 0")
            return p, c, mirrored
        first = self.rules[0]
        if self.provider in ("contour", "traefik", "kuma"):
            return first["p"], 100 - first["p"], False
        return first["p"], first["c"], False

    def set(self, canary, p, c, mirror, write):
        if self.provider == "kubernetes":
            return
        if self.rules is None:
            raise Refused("no route")
        write()
        analysis = canary["spec"]["analysis"]
        if self.ab(canary):
            rest = {"istio": (p, None), "contour": (100, 0)}.get(self.provider, (100, None))
            self.rules = [self.plain(p, c, "matched"), self.plain(*rest)]
            if self.provider != "istio" and mirror and self.http and analysis.get("iterations", 0) > 0:
                self.rules[0]["mirror"] = True
            return
        self.rules = [self.plain(p, None if self.provider == "traefik" and c == 0 else c)]
        if not self.http:
            return
        affinity = analysis.get("sessionAffinity")
        if affinity:  # RT-COMMON-58
            status = canary["status"]
            if c > 0:
                special = [self.plain(0, 100, "cookie:" + status["cookie"])]
                if affinity.get("primaryCookieName"):
                    special.append(self.plain(100, 0, "cookie:" + status["primaryCookie"]))
                self.rules[0]["cookies"] = True
            else:
                previous = status["previousCookie"]
                special = [self.plain(p, c, "cookie:" + previous if previous else "")]
            self.rules = special + self.rules
        if mirror and self.provider == "istio":
            self.rules[0]["mirror"] = True
        elif mirror and analysis.get("iterations", 0) > 0:
            self.rules[-1]["mirror"] = True

    def finalize(self, write):
        if self.provider == "istio":  # FIN-21
            if self.rules is None:
                raise Refused("no virtual service")
            if self.taken_over:
                write()
                self.rules = self.taken_over
