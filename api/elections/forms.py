"""The voting form of a ballot style as text: what every voter of that style is shown, for the audit log (COP-105b-ii)."""

from api.audit.members import Document
from api.errors import Invalid
from engine.manifest import BallotStyle, Contest, Manifest

__all__ = ["check_forms", "form_of"]


def form_of(manifest: Manifest, style: BallotStyle) -> str:
    """Title, ballot style, and its contests with limit and options, word for word and in the order of the manifest."""
    contests = "\n".join(_contest(manifest.contest(index)) for index in style.contests)
    return f"{manifest.label}\n{style.label}\n\n{contests}"


def check_forms(manifest: Manifest) -> None:
    """Raises Invalid if one of the forms could not be logged, so that a ballot does not stop at its opening."""
    for style in manifest.ballot_styles:
        try:
            Document().check(form_of(manifest, style))
        except Invalid as error:
            raise Invalid(f"the voting form of ballot style {style.index} cannot be logged: {error}") from None


def _contest(contest: Contest) -> str:
    lines = [f"{contest.index}. {contest.label}", f"   choose up to {contest.selection_limit}"]
    for option in contest.options:
        limit = f" (up to {option.selection_limit})" if option.selection_limit > 1 else ""
        lines.append(f"   [ ] {option.label}{limit}{' (instead of any other)' if option.spoil else ''}")
    return "\n".join(lines) + "\n"
