"""The register of issues that may affect confidence in a ballot (134), and the log that is kept of each voting station (121(j))."""

from pydantic import Field

from api.registers.told import Told, When, Words

__all__ = ["Issue"]


class Issue(Told):
    """An issue; with a station's name an entry of its conduct log. A later entry says how it was resolved."""

    subject: Words = Field(examples=["The seal of box 2 was looked at and is whole."])
    noticed: When
    report: bool = Field(examples=[True], description="Whether it belongs in the scrutineer's report.")
    resolved: bool = Field(description="Whether nothing more has to be done.")
    station: Words | None = Field(default=None, examples=["Dock 3"], description="The voting station, by its name in the particulars.")
    outcome: Words | None = None
