"""Processors: callables `Event -> Event | None` between decoding and embedding; None drops the event."""
