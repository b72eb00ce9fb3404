"""Headings of the scrutineer's report in English and Welsh. What people wrote stands in it as they wrote it."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["HEADINGS", "Language"]


class Language(StrEnum):
    """The language of the headings."""

    ENGLISH = "en"
    WELSH = "cy"


HEADINGS: Mapping[str, tuple[str, str]] = {
    "report": ("Scrutineer's report", "Adroddiad y craffwr"),
    "draft": ("DRAFT", "DRAFFT"),
    "ballot": ("The ballot", "Y bleidlais"),
    "conduct": ("How it was conducted", "Sut y cafodd ei chynnal"),
    "figures": ("Votes", "Pleidleisiau"),
    "result": ("Result", "Canlyniad"),
    "verification": ("Verification", "Dilysu"),
    "statement": ("Statement", "Datganiad"),
    "permissions": ("Changes of permissions", "Newidiadau i ganiatâd"),
    "discounted": ("Votes that were discounted", "Pleidleisiau a ddiystyrwyd"),
    "availability": ("Availability", "Argaeledd"),
    "incidents": ("Security incidents", "Digwyddiadau diogelwch"),
    "complaints": ("Complaints", "Cwynion"),
    "failures": ("Accidental failures", "Methiannau damweiniol"),
    "issues": ("Issues", "Materion"),
    "gaps": ("What was not recorded", "Yr hyn na chafodd ei gofnodi"),
    "support": ("Support and accessibility", "Cymorth a hygyrchedd"),
    "workplace": ("Voting at the workplace", "Pleidleisio yn y gweithle"),
    "template": ("About this layout", "Am y cynllun hwn"),
    "attachment": ("The result as data", "Y canlyniad fel data"),
    "item": ("Item", "Eitem"),
    "content": ("Content", "Cynnwys"),
}
"""By name: English, Welsh."""
