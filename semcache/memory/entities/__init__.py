"""The people, places, organisations and identifiers that turns and facts mention."""
