"""X13, in part: what a manifest says of the law that its ballot is held under (record-format.md, 2.3, `statutory`)."""

from .model import Manifest
from .report import Findings

__all__ = ["ballot_type", "check_statutory"]

SECTIONS = {
    "industrial action": "226(1)(a)",
    "union election": "46(1)(a)",
    "political fund": "72C(1)",
    "amalgamation": "97(1)(b)",
    "transfer of engagements": "97(2)(b)",
}
ROUTES = {
    "electronic": ["electronic"],
    "hybrid": ["hybrid electronic", "hybrid postal"],
    "workplace": ["workplace"],
    "postal": ["postal"],
}


def check_statutory(manifest: Manifest, findings: Findings) -> None:
    """A known kind of ballot with its section, methods that it allows, and a hierarchy of ways in which votes can come back by them."""
    stated = manifest.voting.statutory if manifest.voting else None
    if stated is None:
        return
    where = "manifest, statutory"
    findings.check("X13", stated.ballot_type in SECTIONS, where, "ballot_type", ", ".join(SECTIONS), stated.ballot_type)
    findings.check("X13", stated.section == SECTIONS.get(stated.ballot_type), where, "section of the ballot type", None, stated.section)
    known = [method for method in ROUTES if method in stated.methods]
    findings.check("X13", known != [] and known == list(stated.methods), where, "methods", ", ".join(ROUTES), ", ".join(stated.methods))
    at_work = "workplace" in stated.methods and stated.ballot_type != "industrial action"
    findings.check("X13", not at_work, where, "voting at the workplace, for industrial action alone")
    routes = [route for method in known for route in ROUTES[method]]
    ranked = stated.hierarchy or ()
    fits = stated.hierarchy is None or (len(ranked) > 1 and len(set(ranked)) == len(ranked) and set(ranked) <= set(routes))
    findings.check("X13", fits, where, "hierarchy", ", ".join(routes), ", ".join(ranked))
    covers = "hybrid" not in known or set(ROUTES["hybrid"]) <= set(ranked)
    findings.check("X13", covers, where, "hierarchy of both routes of hybrid voting", ", ".join(ROUTES["hybrid"]), ", ".join(ranked))
    for contest in manifest.contests:
        findings.check("X13", contest.spoil is not None, f"contest {contest.index}", "has no spoil option")


def ballot_type(manifest: Manifest) -> str:
    """The kind of ballot in words; "" where the layout does not say."""
    if manifest.voting is None:
        return ""
    stated = manifest.voting.statutory
    if stated is None:
        return "not statutory"
    paper = "" if stated.methods == ("electronic",) else "; votes on paper are not in this record"
    methods = ", ".join(method for method in stated.methods if method in ROUTES)
    section = SECTIONS.get(stated.ballot_type)
    return f"{stated.ballot_type}, section {section}; by {methods} voting{paper}" if section else "unknown"
