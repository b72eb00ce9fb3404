"""The voter database and the voting platform: no personal information."""
