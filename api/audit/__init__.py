"""The audit log (COP-100 to COP-105): what was done, by whom and when; chained, sealed, signed, never published."""
