"""What the farm tells the world: typed events in a numbered log."""
