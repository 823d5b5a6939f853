"""The second floor: which wheel is built next, and how that went (piwheels' job)."""
