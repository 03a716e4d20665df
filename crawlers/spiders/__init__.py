"""The ways through a source: list pages, feeds, sitemaps. Configuration, no code per site."""
