"""Where rosters come from: what a provider says of a district."""
