"""Registers that a scrutineer keeps while a ballot runs. An entry of a register is an entry of the ballot's audit log, and nothing else."""
