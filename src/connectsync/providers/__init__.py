"""What each roster provider's form on Connect holds, as data."""
