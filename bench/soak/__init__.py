"""A long seeded run of many people against the real bot, with faults of every kind, and a ledger
at its end: ``python -m bench.soak --minutes 30 --seed 7``."""
