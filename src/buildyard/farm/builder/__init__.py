"""The builder: a worker that claims tasks and turns sources into wheels, phase by phase."""
