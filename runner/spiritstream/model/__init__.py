"""What is wanted (profile), what is (lifecycle, status), and the way from one to the other (changes)."""
