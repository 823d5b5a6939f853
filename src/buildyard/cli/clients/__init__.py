"""``buildyard client``: who may sign requests at a hub, one command each."""
