"""The hierarchy statement (50, 60, 155): that a voter's vote counts once only, and which one if the voter votes in several ways. It is made
from the ballot's own hierarchy; the voting page has the same statement in `web/src/words`."""

from collections.abc import Sequence

from engine.statutory import Route

__all__ = ["hierarchy_statement"]

_WORDS = {
    Route.ELECTRONIC: "a vote on the voting page, with the code in your e-mail or message",
    Route.HYBRID_ELECTRONIC: "a vote on the voting page, with the code in your letter",
    Route.HYBRID_POSTAL: "the voting paper in your letter, sent back by post",
    Route.WORKPLACE: "a voting paper that you put into the box at work",
    Route.POSTAL: "a voting paper sent back by post",
}


def hierarchy_statement(ranked: Sequence[Route]) -> str:
    """The statement with its effect in plain words, for a voter with these routes, the one that always counts first; "" for one route."""
    if len(ranked) < 2:
        return ""
    ways = "\n".join(f"  {place}. {_WORDS[route]}" for place, route in enumerate(ranked, 1))
    return (
        "Your vote counts once. You can vote in more than one way; if you do, one of your votes counts: the one that stands highest in "
        f"this list, whichever came first.\n\n{ways}\n\n"
        "For example, if you vote by way 2 and then by way 1, or by way 1 and then by way 2, way 1 counts and way 2 does not.\n"
    )
