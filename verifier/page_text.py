"""The words of the HTML report: what a verification proves and what it does not, in plain English. No markup: it is escaped later."""

from dataclasses import dataclass

__all__ = [
    "CLAIMS", "FOREIGN", "GLOSSARY", "GROUPS", "LIMITS", "MEANING", "NOT_PROVED", "NO_LOG", "SPOIL", "STATES", "STATUS", "WITNESSED",
    "Claim", "file_of",
]  # fmt: skip

MEANING = {
    "VERIFIED": "Every check that applies to this record was made, and every one of them was passed.",
    "DOES NOT VERIFY": "At least one check failed or could not be made. The totals in this record must not be relied on.",
    "UNREADABLE": "At least one part of this record could not be read in the only form in which it may be written. "
    "The totals in this record must not be relied on.",
}

STATUS = {"pass": "✓ passed", "fail": "✗ FAILED", "not run": "? NOT MADE", "not applicable": "– does not apply"}

NOT_PROVED = (
    "This record did not pass. None of the statements below is therefore proved for it. They are what the same checks would have proved "
    "if all of them had been passed; the statements whose own checks failed are marked."
)

FOREIGN = (
    "This record was not made by Psephos. Records of this layout carry no signature that this program checks, so the report says nothing "
    "about who made the record or whether files were taken away from it, and the additional checks X1 to X18 were not made."
)

SPOIL = (
    "An option by which a voter rejects all the others in a question (the Code of Practice calls this “spoil”) is a choice like any other: "
    "it is encrypted, counted and listed in the result. It has nothing to do with a challenged ballot."
)

STATES = {
    "Cast": ("Counted", "A ballot that a voter cast and that is part of the totals."),
    "Discounted": (
        "Discounted",
        "A ballot that was cast but is not to be counted, for instance because another vote of the same person takes its place. It stays "
        "in the record, still encrypted, and is never opened. A record that verifies proves that it is in no total, not that leaving it "
        "out was right.",
    ),
    "Challenged": (
        "Challenged",
        "Not a vote. A voter asked to see how the voting form had been encrypted, instead of casting it. It is opened in the record, so "
        "that everybody can see whether the encryption was honest, and it is in no total.",
    ),
    "Spoiled": ("Challenged (“Spoiled” in this layout)", "Not a vote. A ballot that was opened to test the encryption; it is in no total."),
    "Uncast": ("Uncast", "Not a vote. A ballot prepared in advance and opened to test it; it is in no total."),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that holds if the record verifies, and the checks that it rests on; `witnessed_only` if only where there is a log."""

    text: str
    checks: str
    own_only: bool = False
    witnessed_only: bool = False


CLAIMS = (
    Claim(
        "The published totals are exactly the totals of the encrypted ballots marked as counted. No counted ballot was left out of the "
        "sum, none was added to it, and none counts more than once.",
        "9.A 9.B 10.A 10.B 10.C 11.A 11.B 11.C 11.D X1 X5",
    ),
    Claim(
        "Each ballot in the record contains only permitted choices: in no option and in no question more than the rules of the ballot "
        "allow, and nothing negative. This was checked on the encrypted ballots, without opening them.",
        "6.A 6.B 6.C 6.D 7.A 7.B 7.C 7.D X2 X3",
    ),
    Claim("Where a voter used the option that rejects all the others, that question holds no other choice.", "X3 X16", own_only=True),
    Claim(
        "No single vote had to be opened to obtain the totals: only sums were decrypted. The record opens no counted and no discounted "
        "ballot, and shows no total of a group of counted ballots smaller than the least number that the ballot's rules allow.",
        "9.A 9.B 10.B X4 X12 X17",
        own_only=True,
    ),
    Claim(
        "Every ballot has a confirmation code of its own, computed from its encrypted choices. A voter who finds the code in the record "
        "knows that the record holds the very encrypted choices for which the code was issued, and whether they were counted.",
        "5.A 5.B 8.A 8.B 8.C 8.D",
    ),
    Claim(
        "Each challenged ballot is shown in the open, and encrypting what is shown gives the ballot's confirmation code again.",
        "13.A 13.B 14.A 14.B 14.C 14.D 14.E 14.F X4",
    ),
    Claim(
        "The keys under which all votes are encrypted were made from the public keys of all trustees, and the holder of each of these "
        "keys knows the secret that belongs to it.",
        "2.A 2.B 2.C 3.A 3.B 4.A X8",
    ),
    Claim("Each trustee confirmed the same set of keys, for this ballot and no other.", "X9", own_only=True),
    Claim(
        "Everything in the record belongs to one set of questions, options and rules: the ballot's definition that the record contains.",
        "1.A 1.B 1.C 1.D 1.E 1.F X13 X18",
    ),
    Claim(
        "No file of the record is missing, and not one character of it has changed since it was signed with the key whose fingerprint is "
        "shown above.",
        "X7 X10 X11 X14 X15",
        own_only=True,
    ),
    Claim(
        "Enough trustees to decrypt the result have stated that they followed the list of accepted ballots while voting went on, that "
        "nothing was taken out of it or changed in it, and that the ballots in this record are exactly those on that list. These trustees, "
        "and nobody else, vouch for it. The order of the list is not in the record.",
        "X6 X11 X13",
        own_only=True,
        witnessed_only=True,
    ),
)

NO_LOG = (
    (
        "That every ballot that was cast has reached the record.",
        "The voters: anyone whose confirmation code is missing from the record can show it. A voter who does not look will not notice.",
    ),
)
"""In a record without a log, this too is not proved."""

WITNESSED = (
    (
        "That every ballot that was cast was put on the list of accepted ballots, and that the trustees who state that they followed the "
        "list did so.",
        "The trustees. And the voters: anyone whose confirmation code is missing from the record can show it. A voter who does not look "
        "will not notice.",
    ),
)
"""In a record with a log, this instead."""

LIMITS = (
    (
        "That only people entitled to vote voted, and nobody more than once. The record holds no names.",
        "The scrutineer, who issues the voting codes, and the auditors, who compare the list of members with the codes issued and used.",
    ),
    (
        "That the right ballots were marked as discounted.",
        "The scrutineer, who must give the reason for each one; the auditors, who examine the reasons.",
    ),
    (
        "That the voters' own devices showed them the truth and encrypted what they chose.",
        "The challenged ballots test this, but only as a sample: the more ballots are challenged, and the less predictably, the better. "
        "Every ballot that was challenged is in the record; their number is given above.",
    ),
    (
        "That nobody was pressured, paid or watched while voting.",
        "The union, the scrutineer and the law. No record of encrypted votes can show it.",
    ),
    (
        "That no vote was opened in secret.",
        "The trustees. Fewer of them than the quorum can open nothing; a quorum that acted together in secret could, and would leave no "
        "trace in the record. That the trustees are different people, independent of each other, is not shown here either.",
    ),
    (
        "That a voter's device, or somebody with access to it, did not reveal the vote.",
        "The voters, and those who supply the devices and the voting page.",
    ),
    (
        "That the questions are those that should have been asked, that notice was given, and that the law was followed otherwise.",
        "The union and the scrutineer; in the end, the court.",
    ),
    (
        "That the key used for this report is the scrutineer's.",
        "The reader, who compares its fingerprint with the one that the scrutineer published elsewhere.",
    ),
    (
        "That the mathematics holds: that nobody can compute discrete logarithms in the standard group or find collisions of SHA-256.",
        "Published research. Both assumptions are in general use.",
    ),
    (
        "That this program, and the computer that it ran on, worked correctly.",
        "Anyone can repeat the verification on another computer, with this program or with one written by somebody else.",
    ),
)

GROUPS = {
    "format": "Layout",
    "1": "Parameters and rules of the ballot",
    "2": "Keys of the guardians",
    "3": "Joint keys",
    "4": "Extended base hash",
    "5": "Identifiers of the ballots",
    "6": "Each encrypted selection",
    "7": "Each encrypted question",
    "8": "Confirmation codes",
    "9": "Sum of the encrypted votes",
    "10": "Decryption of the sums",
    "11": "Completeness of the totals",
    "12": "Decryption of further data",
    "13": "Opening of challenged ballots",
    "14": "Content of challenged ballots",
    "15": "Pre-encrypted ballots: what was cast",
    "16": "Pre-encrypted ballots: confirmation codes",
    "17": "Pre-encrypted ballots: short codes",
    "18": "Pre-encrypted ballots: opening",
    "19": "Pre-encrypted ballots: content",
    "X": "Additional checks of the Psephos record format",
}

GLOSSARY = (
    ("check", "A rule with a number. 1.A to 19.D are those of the published ElectionGuard Design Specification, section 6.2; X1 to X18 "
     "those of the Psephos record format."),
    ("objects", "How many things a check was made on: ballots, selections, proofs, files and so on."),
    ("record", "The folder of files that is published after the ballot and that this report is about."),
    ("hash", "A fingerprint of data, 64 characters long. If anything in the data changes, so does its hash."),
    ("proof", "Numbers that let anyone verify a statement about encrypted data without learning what was encrypted."),
    ("trustee, guardian", "A guardian is one of the parties that together hold the secret keys; the person who acts for it is a trustee. "
     "The quorum is how many of them are needed to decrypt."),
    ("contest", "The technical word, in the tables of this report, for a question with its options."),
    ("confirmation code", "The hash of one encrypted ballot, given to its voter."),
)  # fmt: skip

_FILES = {
    "parameters": "election_parameters.json",
    "manifest": "election_manifest.json",
    "joint keys": "joint_public_keys.json",
    "extended base hash": "hashes_ext.json",
    "tally": "tally.json",
    "device": "voting_devices.json",
    "openings": "challenged_ballots.jsonl",
    "contest": "election_manifest.json",
    "ballot style": "election_manifest.json",
    "guardians": "guardians/",
}


def file_of(where: str) -> tuple[str, str]:
    """File and object of a place in a record of our layout, such as `tally, contest 1`; the object is empty if the whole file is meant."""
    head, _, rest = where.partition(", ")
    if head.endswith((".json", ".jsonl")) or "/" in head:
        return head, rest
    word, _, number = head.rpartition(" ")
    if word == "guardian" and number.isdecimal():
        return f"guardians/guardian_{number}.public_key.json", rest or head
    for name in (head, word if number.isdecimal() else ""):
        if name in _FILES:
            return _FILES[name], where
    return "", where
