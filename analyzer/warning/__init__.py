"""Early warning (早期预警): more posts than a locality's own history of a topic lets one expect."""
