"""Taskcluster's services beside the queue: auth, index, secrets, and the references of all of them."""
