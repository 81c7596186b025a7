"""What a text states in figures: numbers, quantities with units, dates and times."""
