"""The platform's services; not in this release."""
