"""The farm: the hub (queue, tasks, builds, index, web) and the builders that work for it.

Read `docs/architecture.md` first.  Rooms import downward only; a builder knows the hub by HTTP alone.
"""
