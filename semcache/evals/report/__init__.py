"""What a measurement says: its figures as data, its plots, and the page that shows both to people."""
