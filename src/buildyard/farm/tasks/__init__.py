"""The first floor: the life of a task, its runs and artifacts (Taskcluster's model)."""
