"""buildyard against its peers, side by side in one run, as ratios.  ``make bench`` runs all of it."""
