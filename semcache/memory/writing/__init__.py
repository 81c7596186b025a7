"""What changes a memory: turns are written, settled, sealed again, forgotten, moved; sessions are named."""
