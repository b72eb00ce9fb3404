"""Small groups, for tests only: the sets of the specification's appendix. Production code cannot select them (CR-11)."""

from engine.group import Group

TOY = Group(
    p=0xFFFFFFFFFFFFFFFF93C467E37DB1212B89995855493FF059FFFFFFFFFFFFFFFF,
    q=0xFFFFFFFFFFFFFFC5,
    generator=0x3B5431669E3E4893DF745C67CDCFD95CCDDA224878A3CD5D3226F75CC5A95638,
)
"""64-bit q, 256-bit p: no security, but a hash does not come right by luck."""
