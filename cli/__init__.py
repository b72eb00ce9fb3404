"""The command `psephos`: what trustees, the scrutineer and anybody who checks a ballot type."""
