"""Other programs' configurations as profiles, and profiles as SpiritStream's JSON."""
