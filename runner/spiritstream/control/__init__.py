"""The controller: reads what is wanted, compares it with what runs, and has the difference made."""
